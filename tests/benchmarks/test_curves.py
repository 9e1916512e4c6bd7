"""Recorded curves: kept whole, drawn the same for all experiments, taken up again, packed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from data_io.experiments import read_master_sheet, resolve
from data_io.folder import find_sheet
from data_io.training_set import load_training_set
from search.strategy.space_files import parse_space
from tests.benchmarks.curves import recording
from tests.benchmarks.curves.drawing import ROUND, config
from tests.benchmarks.curves.recording import Recorder
from tests.benchmarks.curves.records import (
    Record,
    append,
    key,
    pack,
    read_folder,
    read_packed,
    read_seconds,
    unpack,
)
from tests.benchmarks.curves.timing import time_configs

SPACE = parse_space(
    {
        "architecture": "cnn",
        "fixed": {"epochs": 2, "hidden": 8},
        "seed": {"motif_length": 8, "filters": 8},
        "starts": [{"motif_length": 6, "filters": 4}],
        "parameters": {
            "motif_length": {"type": "int", "low": 4, "high": 12},
            "filters": {"type": "int", "low": 4, "high": 16},
        },
    }
)
FIRST_SEARCHED, FIRST_TRANSFERRED = (
    len(SPACE.prescribed) + ROUND.index(kind) for kind in ("searched", "transferred")
)
RECORD = Record("A", "cnn", 0, "random", {"filters": 4}, (1.5, 1.25), (0.1, 0.3), (0.2, 0.1), False, "abc")


def test_a_record_survives_and_is_played_as_it_was(tmp_path: Path) -> None:
    append(tmp_path, RECORD)
    append(tmp_path, replace(RECORD, experiment="B", diverged=True))
    first, second = read_folder(tmp_path)
    assert first == RECORD
    assert [report.spearman for report in first.run.curve] == [0.1, 0.3]
    assert [report.seconds for report in first.run.curve] == [1.5, 1.25]
    assert [report.diverged for report in second.run.curve] == [False, True]
    assert first.best == 0.3


def test_a_line_that_was_cut_off_costs_itself_alone(tmp_path: Path) -> None:
    append(tmp_path, RECORD)
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes() + RECORD.to_line().encode()[:40])
    append(tmp_path, replace(RECORD, number=1))
    assert [record.number for record in read_folder(tmp_path)] == [0, 1]


def test_packed_records_are_the_same_bytes_whatever_their_order(tmp_path: Path) -> None:
    records = [replace(RECORD, experiment=name, number=n) for name in "BA" for n in (1, 0)]
    (path,) = pack(records, tmp_path)
    content = path.read_bytes()
    assert pack(records[::-1], tmp_path) == [path]
    assert path.read_bytes() == content
    assert sorted(read_packed("cnn", tmp_path), key=records.index) == records
    assert read_packed("rnn", tmp_path) == []


def test_a_folder_begins_with_what_is_packed(tmp_path: Path) -> None:
    """What a card recorded was timed on a processor before."""
    records = [replace(RECORD, experiment=name, number=n) for name in "AB" for n in (0, 1)]
    records[3] = replace(records[3], device="H100", seconds=(1.5, 1.5), params={"filters": 9})
    pack([*records, replace(RECORD, architecture="rnn")], tmp_path)
    assert unpack(tmp_path / "begun", "cnn", tmp_path) == 4
    assert read_folder(tmp_path / "begun") == records
    assert read_seconds(tmp_path / "begun") == {key(records[3]): 1.5}
    with pytest.raises(FileExistsError, match="has records"):
        unpack(tmp_path / "begun", "rnn", tmp_path)


def test_all_experiments_have_the_same_configs_but_for_searched_ones() -> None:
    drawn = [[config(n, name, SPACE, [], "AB") for n in range(FIRST_SEARCHED + 1)] for name in "AB"]
    assert drawn[0][:FIRST_SEARCHED] == drawn[1][:FIRST_SEARCHED]
    assert [origin for origin, _ in drawn[0]] == ["prescribed", "prescribed", "random", "searched"]
    assert drawn[0][0][1] == {"motif_length": 8, "filters": 8, "epochs": 2, "hidden": 8}
    assert drawn[0][FIRST_SEARCHED] != drawn[1][FIRST_SEARCHED]


def test_a_search_goes_by_what_was_recorded_of_its_experiment() -> None:
    records = [
        replace(RECORD, number=n, params={"motif_length": 4 + n % 3, "filters": 5}, spearman=(0.1 * (n % 3),))
        for n in range(20)
    ]
    number = 20 + (FIRST_SEARCHED - 20) % len(ROUND)
    found = config(number, "A", SPACE, records, "AB")
    assert found[0] == "searched"
    assert found == config(number, "A", SPACE, [*records, replace(RECORD, number=number + 1)], "AB")
    assert found != config(number, "B", SPACE, records, "AB")


def test_what_was_found_for_one_is_tried_on_the_others() -> None:
    best = replace(RECORD, number=FIRST_SEARCHED, origin="searched", params={"filters": 9}, spearman=(0.9,))
    assert config(FIRST_TRANSFERRED, "B", SPACE, [RECORD, best], "AB") == ("transferred", {"filters": 9})
    taken = replace(RECORD, number=FIRST_TRANSFERRED, origin="transferred", params={"filters": 7})
    assert config(FIRST_TRANSFERRED, "B", SPACE, [best, taken], "AB") == ("transferred", {"filters": 7})
    assert config(FIRST_TRANSFERRED, "B", SPACE, [], "AB")[0] == "random"


@pytest.fixture
def recorder(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    monkeypatch.setattr(recording, "shipped_space", lambda name: SPACE)
    names = [each.motif_id for each in read_master_sheet(find_sheet(simulated))][:2]
    return Recorder(tmp_path, simulated, names, {"cnn": 3}, {"train": 200, "validation": 80})


def test_it_goes_on_where_it_stopped_and_leaves_others_their_own(recorder: Recorder) -> None:
    assert list(recorder.run(-1)) == []
    names = recorder.experiments
    with FileLock(recorder.folder / "locks" / f"{names[1]}-cnn-0"):  # another recorder is at work on that
        first = list(recorder.run(3600))
    assert [(record.experiment, record.number) for record in first] == [
        (names[0], 0),
        (names[0], 1),
        (names[1], 1),
        (names[0], 2),
        (names[1], 2),
    ]
    again = Recorder(recorder.folder, recorder.data, names, recorder.configs, recorder.sizes)
    assert [(record.experiment, record.number) for record in again.run(3600)] == [(names[1], 0)]
    found = read_folder(recorder.folder)
    assert len(found) == 6
    assert all(len(r.seconds) == len(r.spearman) == 2 and min(r.seconds) > 0 for r in found)


def test_seconds_of_another_device_are_timed_once_a_config(recorder: Recorder) -> None:
    first, second = recorder.experiments
    params = {"motif_length": 6, "filters": 4, "hidden": 8, "epochs": 2}
    made = replace(RECORD, params=params, device="a card")
    for record in (made, replace(made, number=1), replace(made, device="cpu")):
        append(recorder.folder, replace(record, experiment=first))
    append(recorder.folder, replace(made, experiment=second))
    ((timed, seconds),) = time_configs(recorder)
    assert (timed.experiment, timed.device) == (first, "a card")
    assert seconds > 0
    found = read_folder(recorder.folder)
    assert [record.seconds for record in found if record.device == "cpu"] == [RECORD.seconds]
    assert {record.seconds for record in found if record.device != "cpu"} == {(seconds, seconds)}
    assert list(time_configs(recorder)) == []


def test_its_probes_are_of_set_a_and_on_their_side_of_the_split(recorder: Recorder, simulated: Path) -> None:
    name = recorder.experiments[0]
    whole = load_training_set(simulated, resolve(name, read_master_sheet(find_sheet(simulated))))
    taken = recorder.probes(name)
    for part, count in (("train", 200), ("validation", 80)):
        some, every = getattr(taken, part), getattr(whole, part)
        assert some.codes.shape == (count, 41)
        assert np.isfinite(some.targets).all()
        assert {row.tobytes() for row in some.codes} <= {row.tobytes() for row in every.codes}
