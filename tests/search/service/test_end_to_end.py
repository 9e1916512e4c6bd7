"""The commands as a user gives them, from measurements to predictions."""

import csv
import json
import math
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import scipy.stats
import torch

from data_io.errors import DataError
from data_io.experiments import Experiment
from data_io.sealed import open_test_set
from data_io.training_set import load_training_set
from models import tensors
from models.predict import predict
from models.weights import load_model
from search.strategy.edges import find_edges
from search.strategy.space_files import parse_space
from search.study.workspace import Workspace
from tests.support.commands import STUDY, launch, rbptune, run_alone, status
from tests.support.faults import outcome

STATUS_KEYS = {
    "study",
    "protein",
    "experiment",
    "species",
    "architecture",
    "state",
    "reason",
    "trials_done",
    "trials_total",
    "trials_pruned",
    "trials_failed",
    "trials_running",
    "until",
    "val_spearman",
    "val_pearson",
    "test_spearman",
    "test_pearson",
    "best_trial_spearman",
    "best_trial",
}
FIGURES = ("val_spearman", "val_pearson", "test_spearman", "test_pearson")
EXPERIMENT = Experiment("RNCMPT90001", "SIMFOX", "Homo_sapiens")


def artifacts(workspace):
    return Workspace(workspace).artifacts(STUDY)


def result(workspace):
    return json.loads((artifacts(workspace) / "result.json").read_text())


def kept(workspace, name):
    """Weights and note of a network that was trained at the end."""
    return tensors.unpack((artifacts(workspace) / f"finalists/{name}.safetensors").read_bytes(), name)


def check_figures(figures, side, predicted, examples):
    spearman, pearson = score(predicted, examples)
    assert figures[f"{side}_spearman"] == pytest.approx(spearman, abs=1e-6)
    assert figures[f"{side}_pearson"] == pytest.approx(pearson, abs=1e-6)


def score(predicted, examples):
    measured = ~np.isnan(examples.targets)
    pair = predicted[measured], examples.targets[measured]
    return scipy.stats.spearmanr(*pair).statistic, scipy.stats.pearsonr(*pair).statistic


class TestFinishedStudy:
    def test_status_says_all_that_is_known(self, finished):
        (row,) = status(finished)
        assert set(row) == STATUS_KEYS
        figures = {key: result(finished)[key] for key in (*FIGURES, "best_trial", "best_trial_spearman")}
        winner = max(trial["value"][0][0] for trial in outcome(finished)["trials"].values())
        assert row == {
            "study": STUDY,
            "protein": "SIMFOX",
            "experiment": "RNCMPT90001",
            "species": "Homo_sapiens",
            "architecture": "cnn",
            "state": "done",
            "reason": None,
            "trials_done": 3,
            "trials_total": 3,
            "trials_pruned": 0,
            "trials_failed": 0,
            "trials_running": 0,
            "until": None,
            **figures,
            "best_trial_spearman": winner,
        }

    def test_figures_are_those_of_the_kept_model(self, finished, simulated):
        model = load_model(artifacts(finished) / "model")
        training = load_training_set(simulated, EXPERIMENT, "grouped", None)
        test = open_test_set(simulated, EXPERIMENT, training.scaling)
        found = result(finished)
        assert len(model.members) == len(found["members"]) == 2
        check_figures(found, "test", model.predict(test.codes), test)
        for member, figures in zip(model.members, found["members"], strict=True):
            check_figures(figures, "test", predict(member, test.codes), test)

    def test_validation_figures_are_of_siblings_that_have_not_seen_the_probes(self, finished, simulated):
        model = load_model(artifacts(finished) / "model")
        validation = load_training_set(simulated, EXPERIMENT, "grouped", None).validation
        found = result(finished)
        siblings = load_model(artifacts(finished) / "model").members
        for number, sibling in enumerate(siblings):
            sibling.load_state_dict(kept(finished, f"final-{found['best_trial']}-{number}")[0])
        check_figures(found, "val", predict(siblings, validation.codes), validation)
        for sibling, figures in zip(siblings, found["members"], strict=True):
            check_figures(figures, "val", predict(sibling, validation.codes), validation)
        refitted = score(model.predict(validation.codes), validation)[0]
        assert abs(found["val_spearman"] - refitted) > 1e-3, "those of the model itself would be others"

    def test_the_model_is_the_winners_members_trained_on_all_of_set_a(self, finished, simulated):
        model, found = load_model(artifacts(finished) / "model"), result(finished)
        curves = [kept(finished, f"final-{found['best_trial']}-{m}")[1]["curve"] for m in (0, 1)]
        best = max(max(curve, key=lambda epoch: epoch["spearman"])["epoch"] for curve in curves)
        late = best > 0.8 * found["params"]["epochs"]
        epochs = math.ceil(found["params"]["epochs"] / 2) if late else best
        assert found["refit"] == {"epochs": epochs, "goes_on": late, "diverged": []}
        for number, member in enumerate(model.members):
            weights, note = kept(finished, f"refit-{found['best_trial']}-{number}")
            assert all(torch.equal(weights[name], value) for name, value in member.state_dict().items())
            assert [epoch["epoch"] for epoch in note["curve"]] == list(range(1, epochs + 1))

    def test_how_well_a_refit_predicts_what_it_has_seen_stands_nowhere(self, finished):
        found, log = result(finished), Workspace(finished).log.read_text()
        said = [json.loads(line) for line in log.splitlines() if "member_refitted" in line]
        assert [set(event) for event in said] == [
            {"time", "event", "study", "trial", "member", "epochs", "through", "total"}
        ] * 2
        assert [(event["through"], event["total"]) for event in said] == [(5, 6), (6, 6)]
        for number in (0, 1):
            curve = kept(finished, f"refit-{found['best_trial']}-{number}")[1]["curve"]
            assert {(epoch["spearman"], epoch["pearson"], epoch["validation_loss"]) for epoch in curve} == {
                (None, None, None)
            }

    def test_the_model_carries_how_it_was_made(self, finished, simulated):
        extra = load_model(artifacts(finished) / "model").extra
        training = load_training_set(simulated, EXPERIMENT, "grouped", None)
        assert extra["scaling"] == training.scaling.to_dict()
        provenance = extra["provenance"]
        assert provenance == result(finished)["provenance"]
        assert provenance["fingerprint"] == training.fingerprint
        assert provenance["spec"]["seed"] == 1
        assert provenance["made"]["versions"]["torch"] == torch.__version__

    def test_where_the_winner_lies_at_the_edge_of_its_space_is_kept_and_said_once(self, finished):
        found, log = result(finished), Workspace(finished).log
        events = [json.loads(line) for line in log.read_text().splitlines()]
        said = [event["edges"] for event in events if event["event"] == "best_at_edge"]
        space = parse_space(found["provenance"]["spec"]["space"], "provenance")
        assert found["at_edge"] == find_edges(space, found["params"])
        assert said == ([found["at_edge"]] if found["at_edge"] else [])

    def test_trial_0_is_the_seed_config(self, finished):
        trial = outcome(finished)["trials"][0]
        assert trial["params"] == [("motif_length", 8.0)]

    def test_the_curve_has_every_epoch_of_every_member(self, finished):
        with (artifacts(finished) / "curve.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [(row["member"], row["epoch"]) for row in rows] == [(m, e) for m in "01" for e in "12"]
        for member, figures in enumerate(result(finished)["members"]):
            best = max(float(row["spearman"]) for row in rows if row["member"] == str(member))
            assert figures["val_spearman"] == pytest.approx(best, abs=1e-6)
        assert all(math.isfinite(float(row["train_loss"])) for row in rows)

    def test_nothing_unfinished_is_left(self, finished):
        checkpoints = Workspace(finished).checkpoints(STUDY)
        assert checkpoints.parent.is_dir(), "there were some"
        assert not checkpoints.exists()
        hidden = {path.name for path in finished.rglob(".*")}  # as the temporary files of all writers are
        assert hidden <= {".open.lock"}

    def test_the_winner_has_the_best_mean_of_its_members(self, finished):
        means = {}
        for number in (0, 1, 2):
            files = sorted(artifacts(finished).glob(f"finalists/final-{number}-*.safetensors"))
            curves = [tensors.unpack(file.read_bytes(), file.name)[1]["curve"] for file in files]
            if curves:
                means[number] = np.mean([max(epoch["spearman"] for epoch in curve) for curve in curves])
        assert len(means) == 2
        assert result(finished)["best_trial"] == max(means, key=means.get)

    def test_the_table_of_the_status_fits_a_terminal(self, finished):
        lines = rbptune("status", "--workspace", finished).out.splitlines()
        assert max(map(len, lines)) <= 80
        cells = [cell.strip() for cell in lines[-2].strip("│").split("│")]
        figures = [
            f"{result(finished)[key]:.3f}" for key in ("val_spearman", "test_spearman", "test_pearson")
        ]
        assert cells == [STUDY, "done", "3/3", "0", *figures]


class TestLaunchingAgain:
    def test_a_finished_study_is_shown_and_not_touched(self, finished, simulated):
        before = (
            outcome(finished),
            sorted((p, p.stat().st_mtime_ns) for p in artifacts(finished).rglob("*")),
        )
        said = rbptune(
            *launch(simulated, finished, "--trials", 3, "--finalists", 2, "--members", 2, "--seed", 1),
            "--json",
        )
        assert (said.code, said.err) == (0, "")
        assert said.rows == status(finished)
        after = (outcome(finished), sorted((p, p.stat().st_mtime_ns) for p in artifacts(finished).rglob("*")))
        assert after == before

    def test_more_trials_after_the_test_are_refused(self, finished, simulated):
        before = outcome(finished)
        command = launch(simulated, finished, "--finalists", 2, "--members", 2, "--seed", 1, "--trials", 4)
        said = rbptune(*command)
        assert said.code == 2
        assert "its test set was opened after 3 trials; 4 would be chosen knowing the test" in said.err
        assert outcome(finished) == before

    def test_more_trials_before_the_test_are_added(self, simulated, tmp_path, monkeypatch):
        def damaged(*arguments):
            raise DataError("the test set is damaged")

        with monkeypatch.context() as patch:
            patch.setattr("search.service.finals.open_test_set", damaged)
            said = rbptune(*launch(simulated, tmp_path / "studies", "--trials", 2))
        assert said.code == 1
        assert status(tmp_path / "studies")[0]["state"] == "failed"
        said = rbptune(*launch(simulated, tmp_path / "studies", "--trials", 4))
        assert said.code == 0, said.err
        (row,) = status(tmp_path / "studies")
        assert (row["state"], row["trials_done"], row["trials_total"]) == ("done", 4, 4)
        whole = rbptune(*launch(simulated, tmp_path / "whole", "--trials", 4))
        assert whole.code == 0, whole.err
        assert outcome(tmp_path / "studies") == outcome(tmp_path / "whole")

    def test_time_that_is_up_stops_before_the_budget_is_used(self, simulated, tmp_path):
        said = rbptune(*launch(simulated, tmp_path / "studies", "--timeout", 0))
        assert said.code == 0
        assert said.err.endswith("stopped: its time was up; the same command goes on where this one ended\n")
        assert said.out.endswith(f"\n{STUDY} stopped: its time was up\n")
        (row,) = status(tmp_path / "studies")
        assert (row["state"], row["trials_total"], row["test_spearman"]) == ("stopped", 2, None)
        assert row["trials_done"] < 2
        assert rbptune(*launch(simulated, tmp_path / "studies")).code == 0
        assert status(tmp_path / "studies")[0]["trials_done"] == 2

    def test_hours_are_kept_with_the_study(self, simulated, tmp_path):
        said = rbptune(*launch(simulated, tmp_path / "studies", "--hours", 0))
        assert said.code == 0
        assert f"{STUDY} stopped: its time was up\nto be done by " in said.out
        assert status(tmp_path / "studies")[0]["trials_done"] == 0
        assert rbptune(*launch(simulated, tmp_path / "studies", "--hours", 5)).code == 0
        (row,) = status(tmp_path / "studies")
        assert (row["state"], row["trials_done"]) == ("done", 2)
        left = datetime.fromisoformat(row["until"]) - datetime.now(UTC)
        assert timedelta(hours=4) < left <= timedelta(hours=5)


class TestOtherOrders:
    def test_several_proteins_both_architectures_and_the_other_split(self, simulated, tmp_path):
        names = ("rncmpt90001", "SimPtb")
        options = ["--trials", 1, "--epochs", 1, "--jobs", 0, "--finalists", 1, "--members", 1]
        said = rbptune(
            "launch",
            *names,
            *("--data", simulated, "--workspace", tmp_path / "studies"),
            *("--arch", "cnn", "--arch", "rnn", "--split", "seeded-shuffle", *options, "--json"),
        )
        assert said.code == 0, said.err
        assert [(row["study"], row["state"]) for row in said.rows] == [
            (f"{protein}/{arch}", "done")
            for protein in ("SIMFOX/RNCMPT90001", "SIMPTB/RNCMPT90004")
            for arch in ("cnn", "rnn")
        ]

    def test_workers_do_the_same_as_the_own_process(self, simulated, finished, tmp_path):
        """Two real Dask workers: the exact total, no stray word on the terminal, the figures of a member."""
        options = ["--trials", 3, "--finalists", 2, "--members", 2, "--seed", 1, "--jobs", 2, "--json"]
        done = run_alone(*launch(simulated, tmp_path / "studies", *options), cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        (row,) = json.loads(done.stdout)
        assert (row["state"], row["trials_done"], row["trials_running"], row["trials_failed"]) == (
            "done",
            3,
            0,
            0,
        )
        lines = done.stderr.splitlines()
        assert sum("done, trial" in line for line in lines) == 1
        said = rf"{STUDY}: (trial \d|retrained trial \d|done, trial \d)"
        assert [line for line in lines if not re.match(said, line)] == []
        # Each trial's training follows from its number, whichever worker runs it.
        there, here = (outcome(ws)["trials"][0] for ws in (tmp_path / "studies", finished))
        assert there == here

    def test_torch_keeps_the_callers_threads(self, simulated, tmp_path):
        before = torch.get_num_threads()
        assert rbptune(*launch(simulated, tmp_path / "studies", "--trials", 1)).code == 0
        assert torch.get_num_threads() == before
