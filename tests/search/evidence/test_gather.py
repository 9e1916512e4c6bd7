"""All evidence at once, of a model whose answer is known on simulated probes."""

import json

import numpy as np
import pytest

from data_io.experiments import Experiment
from data_io.training_set import load_training_set
from models.predict import predict
from search.evidence.evidence import Ceiling, Evidence, Missing, TestTable
from search.evidence.gather import gather
from tests.support.toys import Binder

SIMFOX = Experiment("RNCMPT90001", "SIMFOX", "Homo_sapiens")
FIGURES = {
    "val_spearman": 0.6,
    "val_pearson": 0.6,
    "test_spearman": 0.6,
    "test_pearson": 0.61,
    "members": [{"test_spearman": 0.59}, {"test_spearman": 0.6}],
}


@pytest.fixture(scope="module")
def training(simulated):
    return load_training_set(simulated, SIMFOX)


def table(training, members):
    """A test on the probes of Set A: what Set B is, only finals may know."""
    probes = training.whole
    predicted = np.stack([predict(member, probes.codes) for member in members])
    return TestTable(probes.codes, probes.targets, predicted.mean(axis=0), predicted)


def test_everything(training):
    members = Binder(UGCAUG=1.0), Binder(UGCAUG=0.9)
    found = gather(members, training, table(training, members), FIGURES, SIMFOX, trial_0=0.5)
    assert isinstance(found.ceiling.set_a, Ceiling)
    assert found.ceiling.set_b == found.ceiling.set_a
    assert 0.4 < found.baselines.ridge.test.spearman < 0.9
    assert found.baselines.trial_0.validation.spearman == 0.5
    assert found.published == Missing("no score is published for RNCMPT90001")
    assert found.motifs[0].iupac == "UGCAUG"
    assert "UGCAUG" in found.words.iupac
    assert found.similar[0].genes == ("A2BP1",)  # RBFOX1 by its older name
    assert found.filters == ()
    assert found.known == Missing("no motif is published for RNCMPT90001")
    assert len(found.verdict.sentences) == 3
    assert Evidence.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found


def test_the_linear_baseline_learns_from_as_many_probes_as_the_model(training):
    members = [Binder(UGCAUG=1.0)]
    given = members, training, table(training, members)
    found = gather(*given, FIGURES, SIMFOX)
    refitted = gather(*given, {**FIGURES, "refit": {"epochs": 3, "diverged": []}}, SIMFOX)
    assert refitted.baselines.ridge.validation == found.baselines.ridge.validation
    assert refitted.baselines.ridge.test.spearman > found.baselines.ridge.test.spearman


def test_before_the_test(training):
    found = gather([Binder(UGCAUG=1.0)], training, None, {"val_spearman": 0.6}, SIMFOX)
    assert found.ceiling.set_b == found.baselines.ridge.test == Missing("there was no test")
    assert found.baselines.trial_0 == Missing("trial 0 did not finish")
    assert found.data_motif.set_b == ()
    assert found.verdict.colour == "grey"
    assert found == gather([Binder(UGCAUG=1.0)], training, None, {"val_spearman": 0.6}, SIMFOX)
