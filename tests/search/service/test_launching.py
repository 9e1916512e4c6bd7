"""A launch of many reads the file once, before any study; each study then says whether it can use its own."""

from __future__ import annotations

from pathlib import Path

import pytest

import data_io.rnacompete as rnacompete
from data_io.simulate import simulate
from search.service import launching
from search.service.launching import Launch, launch_studies
from search.study.workspace import Workspace


def test_a_launch_of_many_reads_the_matrix_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    simulate(data, probes=1000, seed=3, experiments=4)
    monkeypatch.setattr(launching, "CHECKED_BEFORE", 2)
    read: list[list[str]] = []
    read_columns = rnacompete.read_columns
    monkeypatch.setattr(
        rnacompete, "read_columns", lambda path, ids: read.append(list(ids)) or read_columns(path, ids)
    )
    workspace = Workspace(tmp_path / "studies")
    asked = Launch(data, trials=1, seed=0, split="grouped", everything=True, architectures=("cnn", "rnn"))
    assert len(launch_studies(asked, workspace)) == 8
    assert [len(ids) for ids in read] == [4]
    launch_studies(asked, workspace)
    assert len(read) == 1, "the second launch finds them in the cache"
