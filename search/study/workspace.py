"""The workspace: the one folder under which all that a run makes lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from data_io.errors import StorageError

DEFAULT = Path("rbptune-workspace")
FORMER_DEFAULT = Path("studies")


def locate_workspace(root: Path) -> Path:
    """Give the folder to open for `root`: for the default, the former one where only that has studies."""
    former = root == DEFAULT and not DEFAULT.exists() and (FORMER_DEFAULT / "studies.db").is_file()
    return FORMER_DEFAULT if former else root


@dataclass(frozen=True)
class Workspace:
    """Every path of a workspace.

    Parameters
    ----------
    root : Path
        The folder; made by `prepare`.
    url : str, optional
        The database, where it is not the workspace's own SQLite file.
    """

    root: Path
    url: str | None = None

    @property
    def database(self) -> Path:
        """The SQLite file of the studies."""
        return self.root / "studies.db"

    @property
    def storage_url(self) -> str:
        """The database's address."""
        from sqlalchemy import URL  # here, since help has to be quick

        return self.url or URL.create("sqlite", database=str(self.database)).render_as_string()

    @property
    def lock(self) -> Path:
        """The file that the driver of this workspace holds locked."""
        return self.root / "driver.lock"

    @property
    def cache(self) -> Path:
        """The folder of the probe caches."""
        return self.root / "cache"

    @property
    def log(self) -> Path:
        """The log of events, one JSON object a line."""
        return self.root / "logs" / "events.jsonl"

    @property
    def errors(self) -> Path:
        """The log of tracebacks, for what one line does not say."""
        return self.root / "logs" / "errors.log"

    @property
    def spaces(self) -> Path:
        """The folder of the search spaces that were sent from the pages."""
        return self.root / "spaces"

    @property
    def shelf(self) -> Path:
        """The folder of links to what Optuna's dashboard shows beside its studies."""
        return self.root / "dashboard"

    def artifacts(self, study: str) -> Path:
        """The folder of a study's model, figures and curves."""
        return self.root.joinpath("artifacts", *_safe(study))

    def checkpoints(self, study: str) -> Path:
        """The folder of a study's unfinished trials."""
        return self.root.joinpath("checkpoints", *_safe(study))

    def prepare(self) -> None:
        """Make the folder.

        Raises
        ------
        StorageError
            When it cannot be made or written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe = self.root / ".writable"
            probe.touch()
            probe.unlink(missing_ok=True)  # another process may do the same just now
        except OSError as error:
            raise StorageError(
                f"{self.root}: the workspace cannot be written ({error.strerror}); give another --workspace"
            ) from error

    def require_database(self) -> None:
        """Refuse a workspace in which nothing was launched yet."""
        if self.url is None and not self.database.is_file():
            raise StorageError(
                f"{self.root}: no studies here (no studies.db); launch some or give --workspace"
            )


def _safe(study: str) -> list[str]:
    """Turn a study's name into folder names that every file system takes."""
    return [re.sub(r"[^\w.+-]", "_", part).lstrip(".") or "_" for part in study.split("/")]
