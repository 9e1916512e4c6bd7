"""The paths of a workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_io.errors import StorageError
from search.study.status import read_status
from search.study.storage import open_storage
from search.study.workspace import Workspace


@pytest.mark.parametrize("name", ["plain", "with blank", "what?x=1", "50%20", "{braces}", "a#b", "ü"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    workspace = Workspace(tmp_path / name)
    open_storage(workspace)
    assert read_status(workspace) == []
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert workspace.database.is_file()


def test_a_study_has_folders_that_every_file_system_takes(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    study = "HuR (ELAV:1)/../RNCMPT00032/cnn"
    for folder in (workspace.artifacts(study), workspace.checkpoints(study)):
        assert folder.resolve().is_relative_to(tmp_path.resolve())
        assert not set("():") & set(str(folder.relative_to(tmp_path)))


def test_an_empty_folder_has_no_studies(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"no studies here \(no studies.db\)"):
        read_status(Workspace(tmp_path))


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "studies").write_text("")
    with pytest.raises(StorageError, match="studies: the workspace cannot be written"):
        Workspace(tmp_path / "studies").prepare()
