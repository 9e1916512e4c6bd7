"""The search cannot reach Set B: it runs without it, and opens it once, after all choices are made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import data_io
from data_io.errors import DataError
from data_io.experiments import Experiment
from search.study.record import open_study
from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.support.commands import STUDY, launch, rbptune, status
from tests.support.faults import outcome

OPTIONS = ("--trials", 3, "--finalists", 2, "--members", 2, "--seed", 1)
MEMBERS = 4 + 2  # of both finalists, and of the winner on all of Set A


def without_rows(rows: list[list[str]]) -> list[list[str]]:
    return [row for row in rows if row[1] != "SetB"]


def without_intensities(rows: list[list[str]]) -> list[list[str]]:
    return [row if row[1] != "SetB" else [*row[:3], *[""] * len(row[3:])] for row in rows]


@pytest.fixture
def data(simulated: Path, tmp_path: Path) -> Path:
    """A copy of the simulated measurements."""
    shutil.copytree(simulated, tmp_path / "data")
    return tmp_path / "data"


def remove_set_b(data: Path, how: Callable[[list[list[str]]], list[list[str]]]) -> None:
    lines = (data / "norm_data.txt").read_text().splitlines()
    rows = how([line.split("\t") for line in lines])
    (data / "norm_data.txt").write_text("".join("\t".join(row) + "\n" for row in rows))


def retrained(workspace: Path) -> int:
    """Members of finalists, and refitted ones, that are kept."""
    return len(list(Workspace(workspace).artifacts(STUDY).glob("finalists/*.safetensors")))


def opened(workspace: Path) -> dict[str, str] | None:
    """What the study recorded of the opening of its test set."""
    return open_study(open_storage(Workspace(workspace)), STUDY).attribute("test_opened")


WITHOUT_SET_B = pytest.mark.parametrize(
    ("how", "problem"),
    [
        (without_rows, "{matrix}: holds no probe of SetB, so nothing can be tested; get the file again"),
        (
            without_intensities,
            "{matrix}: RNCMPT90001 (SIMFOX), test probes: 0 measured, at least 10 needed; "
            "choose another experiment",
        ),
    ],
)


@WITHOUT_SET_B
def test_an_experiment_that_cannot_be_tested_is_refused_before_it_is_searched(
    how: Callable[[list[list[str]]], list[list[str]]], problem: str, data: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "studies"
    remove_set_b(data, how)
    said = rbptune(*launch(data, workspace, *OPTIONS))
    assert said.code == 2
    assert said.err == f"rbptune: error: {problem.format(matrix=data / 'norm_data.txt')}\n"
    assert not (workspace / "studies.db").exists()


@WITHOUT_SET_B
def test_everything_before_the_test_runs_without_set_b(
    how: Callable[[list[list[str]]], list[list[str]]],
    problem: str,
    data: Path,
    simulated: Path,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With Set B back, the study is tested without retraining, to the figures of one that always had it."""
    workspace = tmp_path / "studies"
    remove_set_b(data, how)
    with monkeypatch.context() as unasked:
        for place in ("launching", "loading"):  # where it would be found out before
            unasked.setattr(f"search.service.{place}.require_test_set", lambda *_: None)
        said = rbptune(*launch(data, workspace, *OPTIONS))
    assert said.code == 1
    reason = problem.format(matrix=data / "norm_data.txt")
    assert said.err.splitlines()[-1] == f"{STUDY}: failed: {reason}"
    (row,) = status(workspace)
    assert (row["state"], row["reason"], row["trials_done"], row["test_spearman"]) == (
        "failed",
        reason,
        3,
        None,
    )
    assert retrained(workspace) == MEMBERS
    assert opened(workspace) is None

    shutil.copyfile(simulated / "norm_data.txt", data / "norm_data.txt")
    monkeypatch.setattr("models.trainer.Trainer.__init__", trains_nothing)
    said = rbptune(*launch(data, workspace, *OPTIONS))
    assert said.code == 0, said.err
    assert outcome(workspace) == outcome(finished)


def trains_nothing(*arguments: object) -> None:
    raise AssertionError("training again")


def test_set_b_is_opened_once_after_the_last_retraining(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the very end of the search; before, Set B is judged, and nothing of it is given away."""
    import data_io.sealed as sealed
    import data_io.testable as testable
    import data_io.training_set as training_set

    workspace = tmp_path / "studies"
    asked: list[str] = []
    openings: list[tuple[int, int, object]] = []

    def watch(module: object, function: str, name: str) -> None:
        read = getattr(module, function)

        def watched(*arguments: object) -> object:
            asked.append(f"{name} {arguments[2]}" if name == "search" else name)
            return read(*arguments)

        monkeypatch.setattr(module, function, watched)

    def open_test_set(*arguments: object) -> object:
        (row,) = status(workspace)
        openings.append((row["trials_done"], retrained(workspace), opened(workspace)))
        return sealed.open_test_set(*arguments)

    watch(training_set, "read_probes", "search")
    watch(testable, "read_held_out", "verdict")
    watch(sealed, "read_held_out", "test")
    monkeypatch.setattr("search.service.finals.open_test_set", open_test_set)
    assert rbptune(*launch(simulated, workspace, *OPTIONS)).code == 0
    assert openings == [(3, MEMBERS, None)]
    assert set(asked) == {"search SetA", "verdict", "test"}
    assert asked[-1] == "test"
    assert asked.count("test") == 1
    simfox = Experiment("RNCMPT90001", "SIMFOX", "Homo_sapiens")
    assert testable.require_test_set(simulated, simfox) is None
    assert opened(workspace)["trial"] == status(workspace)[0]["best_trial"]

    assert rbptune(*launch(simulated, workspace, *OPTIONS)).code == 0
    assert len(openings) == 1, "a finished study is not tested again"


def test_a_test_that_cannot_be_opened_is_the_last_step(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise DataError("Set B is locked away")

    monkeypatch.setattr("search.service.finals.open_test_set", refuse)
    said = rbptune(*launch(simulated, tmp_path / "studies", *OPTIONS))
    assert said.code == 1
    assert status(tmp_path / "studies")[0]["trials_done"] == 3
    assert retrained(tmp_path / "studies") == MEMBERS
    assert not Workspace(tmp_path / "studies").artifacts(STUDY).joinpath("result.json").exists()


def cut_off_after_the_test(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose study was tested, and whose figures were not kept."""
    workspace = tmp_path / "studies"

    def cut_off(*arguments: object) -> None:
        raise DataError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr("search.service.finals.write_results", cut_off)
        assert rbptune(*launch(simulated, workspace, *OPTIONS)).code == 1
    return workspace


def test_a_second_test_with_other_weights_is_refused(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver cut off between opening and recording may go on with the same model, and with no other."""
    workspace = cut_off_after_the_test(simulated, tmp_path, monkeypatch)
    first = opened(workspace)
    assert first is not None
    members = sorted(Workspace(workspace).artifacts(STUDY).glob(f"finalists/final-{first['trial']}-*"))
    kept = members[0].read_bytes()
    members[0].write_bytes(members[1].read_bytes())
    said = rbptune(*launch(simulated, workspace, *OPTIONS))
    assert said.code == 1
    line = f"its test set was opened on {first['at']} for other weights; a second test is refused"
    assert line in said.err
    members[0].write_bytes(kept)
    assert rbptune(*launch(simulated, workspace, *OPTIONS)).code == 0
    assert opened(workspace) == first


def test_a_damaged_finalist_is_trained_again_to_the_same_weights(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = cut_off_after_the_test(simulated, tmp_path, monkeypatch)
    first = opened(workspace)
    for path in Workspace(workspace).artifacts(STUDY).glob("finalists/*"):
        path.write_bytes(path.read_bytes()[:-1])
    said = rbptune(*launch(simulated, workspace, *OPTIONS))
    assert said.code == 0, said.err
    assert "damaged" in said.err
    assert opened(workspace) == first


def test_search_and_models_have_no_other_way_to_set_b() -> None:
    """The one that there is, the finals' import of data_io.sealed, is watched by a contract on imports."""
    root = Path(data_io.__file__).parent.parent
    sources = [path for package in ("search", "models") for path in (root / package).rglob("*.py")]
    assert len(sources) > 50
    for path in sources:
        text = path.read_text()
        assert not {
            word for word in ("SetB", "read_probes", "read_matrix", "read_held_out") if word in text
        }, path
