"""The command ``rbptune`` and its functions for Python.

It imports its own packages, whatever else on the path has their names, and those only when they are used.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

PACKAGES = ("data_io", "models", "search", "studies")
FUNCTIONS = {
    "load_model": "models.weights",
    "saturate": "search.results.mutations",
    **dict.fromkeys(("marginalize", "motif", "ceiling", "verdict"), "search.results.functions"),
}
"""What ``import rbptune`` offers, and where it is written."""


def __getattr__(name: str) -> Any:
    if name not in FUNCTIONS:
        raise AttributeError(f"module 'rbptune' has no attribute {name!r}; it has {', '.join(FUNCTIONS)}")
    import_own_packages()
    return getattr(importlib.import_module(FUNCTIONS[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *FUNCTIONS])


def main() -> None:
    """Run the command line."""
    import_own_packages()
    from search.cli import main as run

    run()


def import_own_packages() -> None:
    """Import those that lie beside this one; a user's models.py, say, is not taken for ours from then on."""
    root = str(Path(__file__).resolve().parent.parent)
    sys.path.insert(0, root)
    try:
        for name in PACKAGES:
            importlib.import_module(name)
    finally:
        sys.path.remove(root)
