"""Bars of the terminal, of as many columns as it has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.table import Column

WIDTH_OF_COUNTS, WIDTH_OF_TIMES, WIDTH_OF_BARS, WIDTH_OF_RUNNING = 54, 62, 72, 80  # from which they are shown


@contextmanager
def download_bar(console: Console) -> Iterator[Callable[[str, int, int | None], None]]:
    """Give a function that shows how far a download is: name of the file, bytes so far, bytes in all."""
    wide = console.width >= WIDTH_OF_RUNNING
    beside = (BarColumn(), DownloadColumn(), TransferSpeedColumn()) if wide else (DownloadColumn(),)
    with Progress(_text("description"), *beside, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def show(name: str, so_far: int, total: int | None) -> None:
            bar = bars.setdefault(name, TaskID(-1))
            if bar < 0:
                bar = bars[name] = progress.add_task(name, total=total)
            progress.update(bar, completed=so_far, total=total)

        yield show


def study_columns(width: int) -> list[ProgressColumn]:
    """Choose what a terminal of `width` columns has room for: at 40 a study, its trials and its best."""
    columns = [
        (0, _text("description")),
        (WIDTH_OF_BARS, BarColumn(bar_width=8)),
        (0, MofNCompleteColumn()),
        (0, _text("fields[figures]")),
        (WIDTH_OF_TIMES, TimeElapsedColumn()),
        # What there is no room for is cut off here: the rest fits.
        (WIDTH_OF_RUNNING, _text("fields[running]", ratio=1)),
    ]
    return [column for least, column in columns if width >= least]


def _text(field_name: str, ratio: int | None = None) -> TextColumn:
    whole = Column(no_wrap=True, overflow="crop", ratio=ratio)
    return TextColumn(f"{{task.{field_name}}}", markup=False, table_column=whole)
