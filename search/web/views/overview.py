"""The overview: all studies at one look, and what has changed since another."""

from __future__ import annotations

import shlex
from typing import Any

from search.study.workspace import DEFAULT, Workspace
from search.web.asked import Asked
from search.web.site import Site


def overview(site: Site, _: Asked) -> dict[str, Any]:
    """Give all studies, and who drives them."""
    board = site.board.whole()
    return {**board, "commands": first_commands(site.workspace, driven=site.board.driver is not None)}


def changes(site: Site, asked: Asked) -> dict[str, Any]:
    """Give what is another since a version of the overview."""
    return site.board.changes(asked.first("since"))


def first_commands(workspace: Workspace, driven: bool) -> list[str]:
    """Give the commands that fill an empty workspace; where a driver waits, it need not be started."""
    place = "" if workspace.root == DEFAULT else f" --workspace {shlex.quote(str(workspace.root))}"
    place += "" if workspace.url is None else " --storage ADDRESS"
    return [
        "rbptune fetch --out data                     # the published measurements, or use your own",
        "rbptune proteins --data data                 # what was measured",
        f"rbptune launch RBFOX1 --data data --arch cnn --detach{place}",
        *([] if driven else [f"rbptune serve{place}"]),
    ]
