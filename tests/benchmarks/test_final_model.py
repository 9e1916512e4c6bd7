"""The comparison of ways to train the final model: which probes each network sees, kept, taken up again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.metrics import pearson, spearman
from tests.benchmarks import final_model
from tests.benchmarks.final_model import Net, path_of, sides


@pytest.mark.parametrize("way", final_model.MEMBERS)
def test_what_validates_was_not_trained_on_but_for_networks_on_all(way: str) -> None:
    for member in range(3):
        train, validation = sides(Net("A", "residual", way, member), 200)
        shared = set(train) & set(validation)
        assert len(set(train)) == len(train)
        if way in ("all", "on", "bare"):
            assert set(train) == set(range(200))
        else:
            assert not shared
            assert set(train) | set(validation) == set(range(200))


def test_folds_validate_by_every_probe_once_and_a_split_by_the_same() -> None:
    for way, count in (("folds", 5), ("tenths", 10)):
        held = [sides(Net("A", "residual", way, member), 203)[1] for member in range(count)]
        assert sorted(np.concatenate(held)) == list(range(203))
    first, second = (set(sides(Net("A", "residual", "split", member), 203)[1]) for member in (0, 1))
    assert first == second


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    rng, path, arrays = np.random.default_rng(0), tmp_path / "probes.npz", {}
    for part, count in (("train", 200), ("validation", 60)):
        arrays[f"A/{part}/codes"] = rng.integers(0, 4, (count, 41)).astype(np.uint8)
        arrays[f"A/{part}/targets"] = rng.normal(size=count).astype(np.float32)
    np.savez(path, **arrays)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["", *map(str, arguments)])
    final_model.main()


def test_networks_are_kept_and_judged_by_probes_that_none_saw(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "final"
    options = prepared, folder, "--device", "cpu", "--ways", "split", "on", "bare", "--members", "1"
    run(monkeypatch, "run", *options)
    paths = [
        path_of(folder, Net("A", config, way, 0))
        for config in final_model.CONFIGS
        for way in ("split", "on", "bare")
    ]
    assert sorted(folder.iterdir()) == sorted(paths)
    before = [path.stat().st_mtime_ns for path in paths]
    run(monkeypatch, "run", *options)
    assert [path.stat().st_mtime_ns for path in paths] == before
    with np.load(prepared) as arrays:
        targets = arrays["A/validation/targets"]
    predicted = [np.load(path)["predictions"] for path in paths[:2]]
    found = final_model.score(str(prepared), "A", paths[:2])
    assert found == (
        spearman(np.mean(predicted, axis=0), targets),
        pearson(np.mean(predicted, axis=0), targets),
    )
    assert dict(final_model.scores_of(str(prepared), folder, [("residual", "on", 0)])).keys() == {"A"}
    assert dict(final_model.scores_of(str(prepared), folder, [("residual", "on", 1)])) == {}


@pytest.mark.parametrize(("way", "changed"), [("on", {}), ("bare", {"output_dropout": 0.0})])
def test_ways_of_going_on_differ_in_learning_rate_and_dropout(
    way: str, changed: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, object]] = []

    class Trained:
        def __init__(self, *arguments: object, **_: object) -> None:
            given.append(arguments[5])  # type: ignore[arg-type]

        def best_weights(self) -> None:
            return None

    monkeypatch.setattr(final_model, "trained", Trained)
    monkeypatch.setattr(final_model, "setting", lambda *_: ("file", "A", ((), ()), "cpu", "cnn"))
    final_model.train_on(Net("A", "start", way, 0), "file", "cpu")
    rate = {"on": 0.5, "bare": 1.0}[way] * given[0]["learning_rate"]  # type: ignore[operator]
    assert given[1] == {**given[0], "epochs": 8, "schedule": "cosine", "learning_rate": rate, **changed}


def test_what_is_shown_is_against_the_first_way(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with np.load(prepared) as arrays:
        targets = arrays["A/validation/targets"]
    for member in range(3):
        for way, sign in (("split", -1.0), ("all", 1.0)):
            np.savez(
                path_of(tmp_path, Net("A", "residual", way, member)), predictions=sign * targets, score=0.0
            )
    run(monkeypatch, "show", prepared, tmp_path)
    lines = {line[:28].strip(): line for line in capsys.readouterr().out.splitlines()}
    assert "1 experiments  spearman -1.0000 (+0.0000" in lines["3 of one split"]
    assert "1 experiments  spearman 1.0000 (+2.0000" in lines["3 on all"]
    assert "5 folds" not in lines
