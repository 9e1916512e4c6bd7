"""Commands about studies that are there: stop, resume, status."""

from __future__ import annotations

import shlex
from functools import partial
from typing import Annotated

import typer

from data_io.errors import ConfigError
from search.cli.options import (
    JsonOption,
    StorageOption,
    WorkspaceOption,
    console,
    read_rows,
    show_status,
)
from search.study.workspace import DEFAULT, Workspace


def stop(
    name: Annotated[str, typer.Argument(help="Protein, RNCMPT id or whole name of a study.")],
    arch: Annotated[str | None, typer.Option("--arch", help="Of this architecture alone.")] = None,
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
) -> None:
    """Stop studies; resume takes them up where they were."""
    from search.study.requests import ask_to_stop

    place = Workspace(workspace, storage)
    stopped = ask_to_stop(place, name, arch)
    again = f"rbptune resume {shlex.quote(name)}{where(place)}"
    console().print(f"stopped: {', '.join(stopped)}; {again} takes up what is left")


def resume(
    name: Annotated[str, typer.Argument(help="Protein, RNCMPT id or whole name of a study.")],
    arch: Annotated[str | None, typer.Option("--arch", help="Of this architecture alone.")] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of each study from now on.", show_default="as before")
    ] = None,
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
) -> None:
    """Queue stopped, failed or interrupted studies again, or give any that is not done another budget."""
    from search.study.requests import ask_for_trials, ask_to_resume

    place = Workspace(workspace, storage)
    asked = ask_to_resume if trials is None else partial(ask_for_trials, trials=trials)
    queued = asked(place, name, architecture=arch)
    console().print(f"queued: {', '.join(queued)}; {who_runs_it(place)}")


def status(
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
    as_json: JsonOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again and again, until nothing is left to do or Ctrl-C.")
    ] = False,
) -> None:
    """Show where every study stands."""
    place = Workspace(workspace, storage)
    if not watch:
        show_status(read_rows(place), as_json)
        return
    from search.cli.watching import watch_status

    if as_json:
        raise ConfigError("--watch: is for people; leave out --json, or call status --json again and again")
    watch_status(place)


def who_runs_it(place: Workspace) -> str:
    """Say which process takes up what is queued, or what begins one."""
    from search.study.lock import is_driven

    if is_driven(place):
        return "the driver at work takes up what is queued"
    return f"rbptune serve{where(place)} runs what is queued"


def where(place: Workspace) -> str:
    """Give the options that lead another command to the same studies."""
    workspace = "" if place.root == DEFAULT else f" --workspace {shlex.quote(str(place.root))}"
    return workspace + ("" if place.url is None else " --storage ADDRESS")
