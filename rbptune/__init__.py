"""The command ``rbptune``, which imports its own packages whatever else on the path has their names."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

PACKAGES = ("data_io", "models", "search", "studies")


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
