"""Commands that run studies: launch and serve."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data_io.errors import ConfigError
from data_io.folder import find_files
from search.cli.control import who_runs_it
from search.cli.options import (
    AllowHostOption,
    DataOption,
    HostOption,
    JobsOption,
    JsonOption,
    NotifyOption,
    PasswordOption,
    PortOption,
    RootPathOption,
    SchedulerOption,
    StorageOption,
    TLSOption,
    VerboseOption,
    WorkspaceOption,
    console,
    cores,
    read_rows,
    show_status,
)
from search.service.defaults import SEED, SPLIT, TRIALS, Split
from search.strategy.strategy import Strategy
from search.study.workspace import DEFAULT, Workspace

FINALISTS, MEMBERS = str(Strategy.finalists), str(Strategy.members)
REFIT = "refit" if Strategy.refit else "no-refit"

if TYPE_CHECKING:
    from search.service.notify import Notifier
    from search.service.observers import Observer
    from search.service.session import Outcome, Workers


def launch(
    data: DataOption,
    names: Annotated[
        list[str] | None, typer.Argument(help="Proteins or RNCMPT ids.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All experiments that were measured.")] = False,
    proteins: Annotated[
        Path | None, typer.Option(help="A text file of proteins or RNCMPT ids, one a line.")
    ] = None,
    arch: Annotated[
        list[str] | None,
        typer.Option("--arch", help="Architecture, cnn or rnn; may be repeated.", show_default="cnn"),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials of each study, finished or pruned.")] = TRIALS,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs of each trial.", show_default="the space's")
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            help="Hours for all studies together: shared evenly, with time kept to retrain and test each.",
            show_default="as many as the trials take",
        ),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Stop after so many minutes, wherever it is.")
    ] = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    tls: TLSOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = SEED,
    split: Annotated[
        Split, typer.Option(help="grouped: no sequence on both sides; seeded-shuffle: as in notebooks.")
    ] = SPLIT,
    space: Annotated[Path | None, typer.Option(help="Your own search space, a TOML file.")] = None,
    starts_from_workspace: Annotated[
        bool,
        typer.Option(
            "--starts-from-workspace",
            help="Begin with configs that won for other proteins in this workspace, too.",
        ),
    ] = False,
    finalists: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Best configs to retrain; those about as good as the winner join it.",
            show_default=FINALISTS,
        ),
    ] = None,
    members: Annotated[
        int | None,
        typer.Option(min=1, help="Seeds to retrain each with.", show_default=MEMBERS),
    ] = None,
    refit: Annotated[
        bool | None,
        typer.Option(
            "--refit/--no-refit",
            help="Train the final model's networks on all of Set A, too.",
            show_default=REFIT,
        ),
    ] = None,
    notify: NotifyOption = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Only queue; rbptune serve, or a driver at work, runs it.")
    ] = False,
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Search, retrain and test networks for one or more proteins.

    Each protein and architecture has a study of its own. The same command goes on where an earlier one
    ended. Trial 0 of each study is the published notebook's network. The best configs are retrained with
    several seeds each: the winner, with those about as good, is one ensemble, which is then trained on all of
    Set A; validation figures are of networks that have not seen the validation probes. The test set is opened
    once, for that ensemble. Where another command drives the workspace already, the studies are queued
    there and their progress is shown.
    """
    from search.service.launching import Launch, launch_studies
    from search.service.session import drive_or_follow

    _log_to_terminal(verbose)
    place = Workspace(workspace, storage)
    asked = Launch(
        data=data,
        names=tuple(names or ()),
        architectures=tuple(arch or ()),
        trials=trials,
        epochs=epochs,
        hours=hours,
        seed=seed,
        split=split.value,
        space=space,
        finalists=finalists,
        members=members,
        refit=refit,
        starts_from_workspace=starts_from_workspace,
        everything=everything,
        proteins=proteins,
    )
    teller = _teller(notify, place, detach)
    studies = launch_studies(asked, place)
    if detach:
        number = "1 study" if len(studies) == 1 else f"{len(studies)} studies"
        console().print(f"queued: {number} in {workspace}; {who_runs_it(place)}")
        return
    with _observing(teller) as observer:
        outcome = drive_or_follow(place, _workers(jobs, scheduler, tls), observer, studies, timeout)
    if sys.stdout.writable():  # what was searched is kept, whether anybody reads of it or not
        show_status([row for row in read_rows(place) if row["study"] in studies], as_json)
    end(outcome)


def serve(
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
    jobs: JobsOption = None,
    scheduler: SchedulerOption = None,
    tls: TLSOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
    root_path: RootPathOption = "",
    allow_host: AllowHostOption = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Let nobody launch, stop or resume from the pages.")
    ] = False,
    password_file: PasswordOption = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of measurements to launch from.", show_default="those of the studies"),
    ] = None,
    notify: NotifyOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Run what is queued and serve the pages, until Ctrl-C.

    Who opens the address that is printed, with its token, can launch, stop and resume from the pages;
    everybody else who reaches them can read.
    """
    from search.web.access import Access
    from search.web.address import Address
    from search.web.serving import serve_workspace

    _log_to_terminal(verbose)
    place = Workspace(workspace, storage)
    address = Address(host, port, root_path, tuple(allow_host or ()))
    if data is not None:
        find_files(data)  # refuses what nothing could be launched from
    access, workers = Access.make(not read_only, password_file), _workers(jobs, scheduler, tls)
    with _observing(_teller(notify, place)) as observer:
        serve_workspace(place, workers, observer, address, console().print, access, data)


def _workers(jobs: int | None, scheduler: str | None, tls: tuple[Path, Path, Path] | None) -> Workers:
    from search.service.session import Workers

    files = {} if tls is None else dict(zip(("ca", "cert", "key"), map(str, tls), strict=True))
    return Workers(cores() if jobs is None else jobs, scheduler, files)


def _teller(notify: str | None, place: Workspace, detach: bool = False) -> Notifier | None:
    from search.service.notify import Notifier

    if notify is not None and detach:
        raise ConfigError("--notify: nothing ends here with --detach; give it to rbptune serve")
    return None if notify is None else Notifier(notify, place)


@contextmanager
def _observing(teller: Notifier | None) -> Iterator[Observer]:
    """Show progress here, and tell the ends elsewhere where that is asked for."""
    from search.cli.progress import ProgressDisplay
    from search.service.observers import Everyone

    with ExitStack() as rest:
        others = () if teller is None else (rest.enter_context(teller),)
        yield Everyone(rest.enter_context(ProgressDisplay(console())), *others)


def end(outcome: Outcome) -> None:
    """Say why a drive was stopped, and end with the exit code that fits."""
    if outcome.stopped:
        console().print(f"stopped: {outcome.stopped}; the same command goes on where this one ended")
    if outcome.failed:
        raise typer.Exit(1)
    if outcome.stopped == "interrupted":
        raise SystemExit(130)


def _log_to_terminal(verbose: bool) -> None:
    import logging

    from search.cli.progress import TerminalLog

    layout = "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.WARNING, format=layout, handlers=[TerminalLog()])
    if verbose:
        logging.getLogger("rbptune").setLevel(logging.DEBUG)
