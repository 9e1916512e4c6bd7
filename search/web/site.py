"""What every page needs: the workspace, its database, the templates."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from optuna.trial import FrozenTrial
from sqlalchemy import Connection
from tornado.web import StaticFileHandler

from data_io.errors import UserError
from search.study.database import connect, database_errors
from search.study.status import known_data
from search.study.trial_tables import Curve, StudyTrials, Trial, finished_trials
from search.study.workspace import Workspace
from search.web import words
from search.web.access import Access
from search.web.board import Board
from search.web.guard import ReadOnlyGuard
from search.web.importance import Importances
from search.web.rendered import Rendered

Seen = TypeVar("Seen")

STATIC = Path(__file__).parent / "static"
REMEMBERED = 8  # studies whose trials are kept in memory


class Site:
    """The pages of one workspace, as seen by those who write pages.

    Parameters
    ----------
    workspace : Workspace
    root : str
        The path below which the pages are shown, such as ``/rbptune``; empty for none. Every address in a
        template begins with it.
    guard : ReadOnlyGuard
        Says which host names requests may carry.
    access : Access
        Says who may read, and who may write.
    threads : Executor
        Where queries run, so that the server goes on listening meanwhile.
    port : int
        The server's own.
    data : Path, optional
        A folder of measurements to launch from, besides those of the studies that are there.

    Attributes
    ----------
    began : int
        When the server did; what a browser kept of an earlier one may look otherwise now.
    cookie : str
        The name of the session's cookie: browsers give those of all servers of a machine to each of them.
    writing : Executor
        Where studies are launched and changed, one after the other.
    importances : Importances
        What the hyperparameters of studies count.
    rendered : Rendered
        The last pages, so that readers who come together share one.
    """

    def __init__(
        self,
        workspace: Workspace,
        root: str,
        guard: ReadOnlyGuard,
        access: Access,
        threads: Executor,
        port: int,
        data: Path | None = None,
    ) -> None:
        self.began = time.time_ns()
        self.workspace = workspace
        self.root = root
        self.guard = guard
        self.access = access
        self.threads = threads
        self.writing: Executor = ThreadPoolExecutor(1, thread_name_prefix="page-writes")
        self.cookie = f"rbptune-{port}"
        self._data = data
        self._templates = Environment(
            loader=PackageLoader("search.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # a server goes on as it began, also where the package is replaced meanwhile
        )
        self._templates.globals.update(root=root, static=self.static)
        self._templates.filters.update(words.FILTERS)
        self._templates.globals["words"] = words.ENDS
        self.board = Board(workspace, self.render)
        self._engine = connect(workspace)
        self._trials: OrderedDict[int, StudyTrials] = OrderedDict()
        self._lock = threading.Lock()
        self.importances = Importances(self._finished)
        self.rendered = Rendered()

    def trials(self, study: int) -> list[Trial]:
        """List the trials of a study by its number in the database; those of the last few are remembered."""
        return self._looked(study, StudyTrials.look)

    def curves(self, study: int, trials: Sequence[Trial]) -> dict[int, Curve]:
        """Give the curves of some of its trials, by their numbers."""
        return self._looked(study, lambda known, connection: known.curves(connection, trials))

    def _looked(self, study: int, look: Callable[[StudyTrials, Connection], Seen]) -> Seen:
        with self._lock, database_errors(self.workspace.storage_url), self._engine.connect() as connection:
            known = self._trials.pop(study, None) or StudyTrials(study)
            self._trials[study] = known
            if len(self._trials) > REMEMBERED:
                self._trials.popitem(last=False)
            return look(known, connection)

    def _finished(self, study: int) -> list[FrozenTrial]:
        with database_errors(self.workspace.storage_url), self._engine.connect() as connection:
            return finished_trials(connection, study)

    def data_folders(self) -> list[Path]:
        """List the folders of measurements that can be launched from, the one that was given first.

        Raises
        ------
        StorageError
            When the database cannot be read.
        """
        given = [] if self._data is None else [self._data.resolve()]
        return list(dict.fromkeys([*given, *known_data(self.workspace)]))

    def study_page(self, study: str) -> str:
        """Give the address of a study's page."""
        return f"{self.root}/study/{quote(study)}"

    def static(self, name: str) -> str:
        """Give the address of a static file; it changes with the file, so that browsers may keep it."""
        version = StaticFileHandler.get_version({"static_path": str(STATIC)}, name)
        return f"{self.root}/_/{name}?v={version}"

    def warm_up(self) -> None:
        """Look at the database and read the templates, so that the first reader need not wait for it."""
        for name in self._templates.list_templates():
            self._templates.get_template(name)
        with suppress(UserError):  # a reader is told, and the next may find it well
            self.board.current()

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill a template; everything in `values` is escaped."""
        return self._templates.get_template(template).render(values)
