"""``python -m rbptune`` is ``rbptune``."""

from rbptune import main

main()
