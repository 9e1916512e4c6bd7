"""Bars of the terminal, of as many columns as it has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
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
from rich.text import Text

WIDTH_OF_COUNTS, WIDTH_OF_BARS, WIDTH_OF_RUNNING = 60, 72, 80  # from which they are shown


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


@contextmanager
def reading_bar(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that shows how far a file is: what is done, bytes so far, bytes in all."""
    wide = console.width >= WIDTH_OF_RUNNING
    beside = (BarColumn(), DownloadColumn(), TimeElapsedColumn()) if wide else (DownloadColumn(),)
    with Progress(
        _text("description"), *beside, console=console, disable=not console.is_terminal
    ) as progress:
        bars: dict[str, TaskID] = {}

        def show(name: str, so_far: int, total: int) -> None:
            if name not in bars:
                bars[name] = progress.add_task(name, total=total)
            progress.update(bars[name], completed=so_far)

        yield show


class StudyBars(Progress):
    """A bar a study, and a line about all of them; of as many columns as there is room for.

    Parameters
    ----------
    console : rich.console.Console
        Nothing is drawn where it is no terminal.

    Attributes
    ----------
    in_all : str
        The line below the bars.
    """

    def __init__(self, console: Console) -> None:
        self.in_all = ""  # before the bars, which draw themselves when they are made
        shown = study_columns(console.width)
        super().__init__(*shown, console=console, disable=not console.is_terminal, expand=True)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Give what is drawn, for the terminal."""
        yield from super().get_renderables()
        if self.in_all:
            yield Text(self.in_all, no_wrap=True, overflow="ellipsis")


def study_columns(width: int) -> list[ProgressColumn]:
    """Choose what a terminal of `width` columns has room for: at 40 a study's trials, best and time left."""
    columns = [
        (0, _text("description")),
        (WIDTH_OF_BARS, BarColumn(bar_width=8)),
        (0, MofNCompleteColumn()),
        (0, _text("fields[figures]")),
        (0, _text("fields[left]")),
        # What there is no room for is cut off here: the rest fits.
        (WIDTH_OF_RUNNING, _text("fields[running]", ratio=1)),
    ]
    return [column for least, column in columns if width >= least]


def _text(field_name: str, ratio: int | None = None) -> TextColumn:
    whole = Column(no_wrap=True, overflow="crop", ratio=ratio)
    return TextColumn(f"{{task.{field_name}}}", markup=False, table_column=whole)


def shortened(name: str, room: int, tail: int = 7) -> str:
    """Leave out of a long name what stands in the middle: its end tells the architectures apart."""
    return name if len(name) <= room else f"{name[: max(room - tail - 1, 0)]}…{name[-tail:]}"
