"""``python -m search`` is ``rbptune``."""

from search.cli import main

main()
