"""The overview as it stands: what each row shows, and since when, so that browsers are sent changes alone."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from search.evidence.verdict import VERDICT_WORDS
from search.study.lock import describe, holder, is_driven
from search.study.states import INTERRUPTED, State
from search.study.watch import Progress, Watch
from search.study.workspace import Workspace
from search.web.evidence import EvidenceFiles, letters_alone, share_of_ceiling
from search.web.head import head_facts, time_left
from search.web.log_tail import LogTail
from search.web.shapes import spark
from search.web.words import since

FRESH_SECONDS = 2.0  # readers that come together share one look at the database
STATES = (*(state.value for state in State), INTERRUPTED)
COLOURS = tuple(VERDICT_WORDS)
CURVE = 72, 16


@dataclass(frozen=True)
class Cell:
    """What the overview shows of one study."""

    study: str
    state: str
    reason: str
    done: int
    total: int
    left: str
    val: float | None
    test: float | None
    share: tuple[float, float] | None
    colour: str
    sentence: str
    motif: str
    logo: bool
    progress: Progress = field(compare=False)  # it grows; what it shows changes with `done`

    @property
    def letters(self) -> str:
        """What leaves the axes of the logo out."""
        return letters_alone(len(self.motif))

    @property
    def rank(self) -> str:
        """Where the verdict stands among others; empty without one."""
        return str(COLOURS.index(self.colour)) if self.colour in COLOURS else ""

    @property
    def curve(self) -> str:
        """The path of the best value so far."""
        return spark(self.progress.best, self.done, self.total, *CURVE)


@dataclass(frozen=True)
class Row:
    """One experiment: its studies, one an architecture, None where there is none."""

    protein: str
    experiment: str
    species: str
    cells: tuple[Cell | None, ...]


@dataclass
class _Shown:
    row: Row
    html: Markup
    version: int


class Board:
    """All rows of the overview, rendered once a change.

    Parameters
    ----------
    workspace : Workspace
    render : callable
        Fills a template.
    """

    def __init__(self, workspace: Workspace, render: Callable[[str, Mapping[str, Any]], str]) -> None:
        self._workspace = workspace
        self._render = render
        self._watch = Watch(workspace)
        self._log = LogTail(workspace.log)
        self.evidence = EvidenceFiles(workspace)
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._start = secrets.token_hex(4)
        self._version = 0
        self._rows: dict[str, _Shown] = {}
        self._head: tuple[Markup, int] = Markup(), 0
        self.studies: list[dict[str, Any]] = []
        self.driver: str | None = None
        self.architectures: tuple[str, ...] = ()

    def whole(self) -> dict[str, Any]:
        """Give all that the page shows."""
        with self._lock:
            self._refresh()
            return {
                "rows": [shown.html for shown in self._rows.values()],
                "head": self._head[0],
                "architectures": self.architectures,
                "states": STATES,
                "species": sorted({shown.row.species for shown in self._rows.values()}),
                "version": self._name(),
            }

    def changes(self, version: str) -> dict[str, Any]:
        """Give what is another since a version; all of it where that is of an earlier server."""
        with self._lock:
            begin = time.thread_time()
            self._refresh()
            start, _, number = version.partition("-")
            known = int(number) if start == self._start and number.isdecimal() else -1
            rows = {key: shown.html for key, shown in self._rows.items() if shown.version > known}
            return {
                "version": self._name(),
                "architectures": self.architectures,
                "rows": rows,
                "head": self._head[0] if self._head[1] > known else None,
                "took": time.thread_time() - begin,
            }

    def current(self) -> list[dict[str, Any]]:
        """List all studies as `Watch.look` does."""
        with self._lock:
            self._refresh()
            return self.studies

    def forget_look(self) -> None:
        """Look anew when next asked, since something was changed here."""
        self._looked = float("-inf")

    def worker(self, study: str, trial: int) -> str:
        """Name the worker of a running trial; empty where that is not known."""
        return self._log.worker(study, trial)

    def retrained(self, study: str) -> tuple[int, int] | None:
        """Say how many members of a study are retrained, and of how many."""
        return self._log.retrained.get(study)

    def _name(self) -> str:
        return f"{self._start}-{self._version}"

    def _refresh(self) -> None:
        if time.monotonic() - self._looked < FRESH_SECONDS:
            return
        self._log.look()
        self.studies = self._watch.look()
        self.driver = describe(holder(self._workspace)) if is_driven(self._workspace) else None
        architectures = tuple(sorted({study["architecture"] for study in self.studies}))
        rows = self._grouped(architectures)
        head = Markup(self._render("_head.html", self._facts()))  # escaped by the template
        self._keep(rows, head, architectures)
        self._looked = time.monotonic()

    def _keep(self, rows: dict[str, Row], head: Markup, architectures: tuple[str, ...]) -> None:
        version = self._version + 1
        if architectures != self.architectures:
            self._rows, self.architectures = {}, architectures
        for key, row in rows.items():
            known = self._rows.get(key)
            if known is None or known.row != row:
                html = Markup(self._render("_row.html", {"row": row, "architectures": architectures}))
                self._rows[key] = _Shown(row, html, version)
                self._version = version
        if head != self._head[0]:
            self._head, self._version = (head, version), version

    def _facts(self) -> dict[str, Any]:
        facts = head_facts(self.studies, self._watch, self._log)
        note = holder(self._workspace) if self.driver else {}
        return {
            **facts,
            "states": STATES,
            "driver": self.driver,
            "since": since(note["since"]) if note else "",
        }

    def _grouped(self, architectures: tuple[str, ...]) -> dict[str, Row]:
        cells: dict[str, dict[str, Cell]] = {}
        first: dict[str, dict[str, Any]] = {}
        for study in self.studies:
            first.setdefault(study["experiment"], study)
            cells.setdefault(study["experiment"], {})[study["architecture"]] = self._cell(study)
        return {
            key: Row(
                study["protein"],
                key,
                study["species"].replace("_", " "),
                tuple(cells[key].get(architecture) for architecture in architectures),
            )
            for key, study in first.items()
        }

    def _cell(self, study: dict[str, Any]) -> Cell:
        name, state = study["study"], study["state"]
        evidence = self.evidence.of(name) if state == State.DONE.value else {}
        verdict, motifs = evidence.get("verdict") or {}, evidence.get("motifs") or [{}]
        return Cell(
            study=name,
            state=state,
            reason=study["reason"] or "",
            done=study["trials_done"],
            total=study["trials_total"] or 0,
            left=time_left(study, self._log.retrained),
            val=study["val_spearman"],
            test=study["test_spearman"],
            share=share_of_ceiling(evidence, study["test_spearman"]),
            colour=verdict.get("colour", ""),
            sentence=next(iter(verdict.get("sentences", ())), ""),
            motif=motifs[0].get("iupac", ""),
            logo=bool(motifs[0]) and self.evidence.file(name, "motif_1.svg") is not None,
            progress=study["progress"],
        )
