"""Windows of long sequences: features that windows share give what each window alone gives."""

import numpy as np
import pandas as pd
import pytest
import torch

from data_io.alphabet import encode, encode_long
from data_io.errors import DataError
from models import layers
from models.predict import predict
from models.registry import get_architecture
from models.windows import best_windows, predict_windows
from tests.support.toys import Matcher, toy_model

NETWORKS = {
    "max": ("cnn", {}, True),
    "max and mean, normalised": ("cnn", {"pooling": "max+average", "batch_norm": True}, True),
    "motif as long as a window": ("cnn", {"motif_length": 41}, True),
    "three layers": ("cnn", {"motif_length": 7, "layers": 3, "pooling": "max+average"}, True),
    "padded": ("cnn", {"motif_length": 7, "residual": 2, "pooling": "windows"}, False),
    "recurrent": ("rnn", {}, False),
}


def network(name):
    architecture, options, scans = NETWORKS[name]
    found = get_architecture(architecture)
    torch.manual_seed(0)
    small = {"filters": 40, "filters_2": 9, "filters_3": 8, "hidden": 8, "lstm_hidden": 8}
    fields = found.config.__dataclass_fields__
    chosen = {key: value for key, value in {**small, **options}.items() if key in fields}
    member = found.build(found.config(**chosen, precision="float32")).eval()
    for module in member.modules():  # running figures as after training
        if isinstance(module, layers.BatchNorm):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
    assert getattr(member, "scans", False) == scans
    return member


def sequences(seed, *lengths):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGUN"), length)) for length in lengths]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_each_window_is_predicted_as_if_it_were_alone(name, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr("models.layers.kernels_for", lambda *_: None)
    monkeypatch.setattr("models.windows._STRETCH", 70)
    members = [network(name)]
    texts = sequences(1, 3, 300, 41, 82, 40, 500, 81)
    alone = [text[start : start + 41] for text in texts for start in range(max(len(text) - 40, 1))]
    codes, lengths = encode_long(texts)
    [found] = predict_windows(members, codes, lengths)
    np.testing.assert_allclose(found, predict(members, encode(alone)[0]), atol=2e-6)


def test_the_first_of_the_best_windows_is_taken_and_members_spread():
    members = [Matcher("UGCAUG"), Matcher("UGCAUG", 2.0)]
    codes, lengths = encode_long(["UGCAUG" + "C" * 60 + "UGCAUG", "N" * 20 + "A" * 10])
    best = best_windows(predict_windows(members, codes, lengths), codes, lengths)
    assert best.score.tolist() == [9.0, 1.5]
    assert best.spread.tolist() == pytest.approx([np.std([6, 12], ddof=1), np.std([1, 2], ddof=1)])
    assert best.start.tolist() == [0, 0]
    assert best.unknown.tolist() == pytest.approx([0, 2 / 3])


def test_a_single_member_has_no_spread():
    codes, lengths = encode_long(["ACGU"])
    [spread] = best_windows(predict_windows([Matcher("A")], codes, lengths), codes, lengths).spread
    assert np.isnan(spread)


def test_a_model_takes_letters_of_any_length():
    model = toy_model(Matcher("UGCAUG"))
    assert model.predict(["aatgcatg", "C" * 100 + "UGCAUG" + "C" * 70]).tolist() == [6.0, 6.0]
    for texts in (pd.Series(["AAUGCA", "UGCAUG"]), np.array(["AAUGCA", "UGCAUG"])):
        assert model.predict(texts).tolist() == model.predict(["AAUGCA", "UGCAUG"]).tolist()
    assert model.predict([]).tolist() == []
    with pytest.raises(ValueError, match="a list of them, received one text, 'ACGU'"):
        model.predict("ACGU")
    with pytest.raises(DataError, match=r"sequence 2: 'X' in 'ACGX' is no RNA letter"):
        model.predict(["ACGU", "ACGX"])
    with pytest.raises(DataError, match="sequence 1: the sequence is empty"):
        model.predict([""])
