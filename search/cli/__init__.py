"""The command line: one command a verb, which imports what it needs when it runs, so that help is quick."""

from __future__ import annotations

import errno
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from data_io.errors import UserError
from data_io.files import storage_error
from search.cli import control, data, reports, results, studies, use
from search.cli.streams import PARSER_CLOSED_PIPE, flush_output, has_lost_its_reader, prepare_streams
from search.cli.usage import explain

EXIT_CODES = (
    "Exit codes: 0 done; 1 a study failed; 2 something given is wrong, or cannot be read or written; "
    "130 interrupted, the same command goes on; 141 the reader of the output has gone."
)
app = typer.Typer(
    name="rbptune",
    help="Search the best CNN and CNN+LSTM for RNA-binding proteins, from RNAcompete measurements.",
    epilog=EXIT_CODES,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its markup swallows what stands in brackets
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"rbptune {metadata.version('rbptune')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_say_version)
    ] = False,
) -> None:
    """Take what stands before the command."""


for command in (
    data.simulate,
    data.fetch,
    data.proteins,
    studies.launch,
    studies.serve,
    control.stop,
    control.resume,
    control.status,
    results.dashboard,
    reports.report,
    reports.export,
    reports.reproduce,
    results.leaderboard,
    use.predict,
    use.variants,
    use.mutate,
    use.combine,
    results.demo,
):
    app.command()(command)


DISK_REMEDIES = {
    errno.ENOSPC: "make room and repeat the command; nothing that was recorded is lost",
    errno.EDQUOT: "make room and repeat the command; nothing that was recorded is lost",
    errno.EROFS: "choose a --workspace that can be written",
    errno.EACCES: "choose a place that you may read and write",
}
MISTAKE = 2  # the exit code of a user's mistake
INTERRUPTED = 130  # the exit code that shells give to Ctrl-C


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and exit code 2."""
    prepare_streams()
    try:
        code = _run()
    except BrokenPipeError:  # of a message; that of a connection is a fault
        if not has_lost_its_reader():
            raise
        code = PARSER_CLOSED_PIPE
    try:
        code = flush_output(code)
    except OSError as error:
        code = _complain(str(storage_error(Path("standard output"), error)))
    sys.exit(code)


def _run() -> int:
    """Run the command and give its exit code."""
    command = typer.main.get_command(app)
    try:
        arguments = sys.argv[1:] or ["--help"]
        code = command.main(arguments, prog_name="rbptune", standalone_mode=False) or 0
        if code == INTERRUPTED:  # the parser turns Ctrl-C into this
            raise KeyboardInterrupt
        return int(code)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except UserError as error:
        return _complain(str(error))
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("rbptune: interrupted\n")
        return INTERRUPTED
    except OSError as error:
        if error.errno not in DISK_REMEDIES:
            raise
        name = error.filename or "the disk of the workspace"
        return _complain(f"{name}: {os.strerror(error.errno).lower()}; {DISK_REMEDIES[error.errno]}")
    except Exception as error:
        if not hasattr(error, "format_message"):  # of the option parser's own exceptions
            raise
        return _complain(explain(error))


def _complain(message: str) -> int:
    sys.stderr.write(f"rbptune: error: {' '.join(message.split())}\n")
    return MISTAKE
