"""Optuna's storage over the workspace's database."""

from __future__ import annotations

import warnings

import optuna

from data_io.errors import StorageError
from search.study.database import database_errors, database_file, shown, writer_options
from search.study.lock import tables_lock
from search.study.workspace import Workspace


def open_storage(workspace: Workspace) -> optuna.storages.BaseStorage:
    """Open the workspace's database, making it where there is none.

    Raises
    ------
    StorageError
        When the database cannot be reached, is not one, is in memory, or was made by another Optuna version.
    """
    url = workspace.storage_url
    database_file(url)  # raises where the address is of no use
    workspace.prepare()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    with database_errors(url), tables_lock(workspace):
        try:
            storage = optuna.storages.RDBStorage(url, engine_kwargs=writer_options(url))
        except ImportError as error:
            raise StorageError(
                f"{shown(url)}: its driver is missing; pip install 'rbptune[postgres]'"
            ) from error
        except RuntimeError as error:
            raise StorageError(
                f"{shown(url)}: made by another Optuna version ({str(error).split('. ')[0]}); "
                "use that version, or another --workspace"
            ) from error
    return optuna.storages.get_storage(storage)
