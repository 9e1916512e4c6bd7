"""Exports of one experiment as one ensemble: mean of all members, figures of the tables, what is refused."""

import json
import shutil

import numpy as np
import pytest

from data_io.alphabet import encode
from data_io.errors import DataError, ModelError, StudyError
from data_io.predictions import NAME, Predictions, pack_predictions, read_predictions
from models.metrics import pearson, spearman
from models.predict import predict
from models.weights import load_model
from search.results.combine import combine_exports
from search.results.export import export_study, read_metrics
from search.results.functions import verdict
from tests.support.commands import rbptune
from tests.support.toys import finish_study

MADE = {"fingerprint": "ab12", "spec": {"split": "grouped"}}
SEQUENCES = ["ACGUACGUACGUACGUACGUACGUACGUAC", "UGCAUG" * 6, "G" * 40]


def make_export(folder, architecture="cnn", measured=None, **figures):
    """An export whose table has what its members, two or of an rnn one, predict for 40 random probes."""
    artifacts = folder / "artifacts"
    artifacts.mkdir(parents=True)
    finish_study(artifacts, architecture, **{"provenance": MADE, **figures})
    if architecture == "rnn":
        change(artifacts / "model" / "config.json", members=1)
        (artifacts / "model" / "weights-1.safetensors").unlink()
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (40, 41)).astype(np.uint8)
    members = np.stack([predict(each, codes) for each in load_model(artifacts / "model").members])
    measured = rng.normal(size=40).astype(np.float32) if measured is None else measured
    (artifacts / NAME).write_bytes(pack_predictions(Predictions(codes, measured, members)))
    return export_study(artifacts, folder / "export")


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.fixture
def exports(tmp_path):
    return [make_export(tmp_path / name, name, val_spearman=0.5) for name in ("cnn", "rnn")]


def test_the_members_of_all_are_one_ensemble(exports, tmp_path):
    combine_exports(exports, tmp_path / "both")
    model = load_model(tmp_path / "both")
    parts = [load_model(export) for export in exports]
    assert model.architecture == "cnn+rnn"
    assert len(model.members) == 3
    assert model.extra["scaling"] == {"mean": 1.0}
    codes, _ = encode(SEQUENCES)
    expected = np.mean([predict(m, codes) for part in parts for m in part.members], axis=0)
    np.testing.assert_allclose(model.predict(SEQUENCES), expected, rtol=1e-6)


def test_figures_are_those_of_the_tables(exports, tmp_path):
    result = combine_exports(exports, tmp_path / "both")
    tables = [read_predictions(export / NAME) for export in exports]
    mean = np.mean(np.concatenate([table.members for table in tables]), axis=0)
    assert result["test_spearman"] == pytest.approx(spearman(mean, tables[0].measured), abs=1e-6)
    assert result["test_pearson"] == pytest.approx(pearson(mean, tables[0].measured), abs=1e-6)
    assert json.loads((tmp_path / "both" / "metrics.json").read_text()) == result
    together = read_predictions(tmp_path / "both" / NAME)
    np.testing.assert_allclose(together.predicted, mean, rtol=1e-5, atol=1e-6)
    assert [part["folder"] for part in result["parts"]] == ["1-cnn", "2-rnn"]
    assert "1-cnn                   the export of RBFOX1/RNCMPT00168/cnn, test 0.540" in (
        tmp_path / "both" / "README.txt"
    ).read_text(encoding="utf-8")


def test_percentiles_are_among_the_predictions_of_the_test(exports, tmp_path):
    combine_exports(exports, tmp_path / "both")
    model, table = load_model(tmp_path / "both"), read_predictions(tmp_path / "both" / NAME)
    middle = np.median(table.predicted)
    np.testing.assert_allclose(model.percentiles(np.array([middle, 1e6], np.float32)), [50, 100], atol=0.5)


def test_each_part_stays_a_whole_export(exports, tmp_path):
    combine_exports(exports, tmp_path / "both")
    for export, name in zip(exports, ("1-cnn", "2-rnn"), strict=True):
        copied = tmp_path / "both" / name
        assert sorted(path.name for path in copied.iterdir()) == sorted(
            path.name for path in export.iterdir()
        )
        assert read_metrics(copied) == read_metrics(export)
    with pytest.raises(StudyError, match="several exports are combined there; give one of their folders"):
        read_metrics(tmp_path / "both")


def test_the_command_shows_each_and_all(exports, tmp_path):
    said = rbptune("combine", *exports, "--out", tmp_path / "both", "--json")
    assert said.code == 0, said.err
    rows = json.loads(said.out)
    assert [row["study"].rsplit("/", 1)[1] for row in rows] == ["cnn", "rnn", "cnn+rnn"]
    assert [row["val_spearman"] for row in rows] == [0.5, 0.5, None]
    fasta = tmp_path / "new.fasta"
    fasta.write_text(f">a\n{SEQUENCES[0]}\n")
    scored = rbptune("predict", tmp_path / "both", fasta)
    assert scored.code == 0, scored.err
    assert scored.out.splitlines()[1].startswith("a\t30\t")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"experiment": "RNCMPT00002"}, "its experiment is RNCMPT00002, but RNCMPT00168 in"),
        ({"provenance": {**MADE, "fingerprint": "cd34"}}, "its fingerprint is cd34, but ab12 in"),
        ({"provenance": {**MADE, "spec": {"split": "seeded-shuffle"}}}, "its split is seeded-shuff, but gro"),
        ({"measured": np.zeros(40, np.float32)}, "of other probes than"),
    ],
)
def test_what_does_not_go_together_is_refused(exports, tmp_path, changed, message):
    other = make_export(tmp_path / "other", "rnn", **changed)
    with pytest.raises(StudyError, match=message):
        combine_exports([exports[0], other], tmp_path / "both")
    assert not (tmp_path / "both").exists()


@pytest.mark.parametrize("provenance", [None, [1], {"fingerprint": "ab12"}, {**MADE, "spec": "grouped"}])
def test_an_export_must_say_how_it_was_made(exports, tmp_path, provenance):
    change(exports[1] / "metrics.json", provenance=provenance)
    with pytest.raises(StudyError, match=r"metrics.json: does not say how it was made"):
        combine_exports(exports, tmp_path / "both")


def test_one_or_the_same_twice_is_refused(exports, tmp_path):
    with pytest.raises(StudyError, match="two exports or more"):
        combine_exports(exports[:1], tmp_path / "both")
    for again in (exports[0], shutil.copytree(exports[0], tmp_path / "copy")):
        with pytest.raises(StudyError, match="give each export once"):
            combine_exports([exports[0], again], tmp_path / "both")


def test_an_output_inside_an_export_is_refused(exports):
    before = sorted(exports[0].iterdir())
    for out in (exports[0] / "both", exports[0] / "new" / "both"):
        with pytest.raises(StudyError, match="give a folder outside of it"):
            combine_exports(exports, out)
    assert sorted(exports[0].iterdir()) == before


def test_figures_weights_and_predictions_must_be_of_one_model(exports, tmp_path):
    cnn, rnn = exports
    change(cnn / "metrics.json", architecture="../escaped")
    with pytest.raises(StudyError, match="do not fit; export it again"):
        combine_exports(exports, tmp_path / "both")
    change(cnn / "metrics.json", architecture="cnn")
    table = read_predictions(cnn / NAME)
    for members in (table.members[:1], table.members + 1):
        changed = Predictions(table.codes, table.measured, members)
        (cnn / NAME).write_bytes(pack_predictions(changed))
        with pytest.raises(StudyError, match="do not fit; export it again"):
            combine_exports([rnn, cnn], tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_what_else_lies_in_an_export_stays_there(exports, tmp_path):
    old = exports[0] / "old"
    old.mkdir()
    shutil.copy(exports[0] / "metrics.json", old)
    (exports[0] / "link").symlink_to(tmp_path / "nowhere")
    (exports[0] / "thesis.txt").write_text("mine")
    combine_exports(exports, tmp_path / "both")
    copied = {path.name for path in (tmp_path / "both" / "1-cnn").iterdir()}
    assert copied == {path.name for path in exports[0].iterdir()} - {"old", "link", "thesis.txt"}
    assert read_metrics(exports[0])["study"] == "RBFOX1/RNCMPT00168/cnn"


def test_a_part_is_not_written_over(exports, tmp_path):
    combine_exports(exports, tmp_path / "both")
    part = tmp_path / "both" / "1-cnn" / "curve.csv"
    before, fasta = part.read_text(), tmp_path / "new.fasta"
    fasta.write_text(f">a\n{SEQUENCES[0]}\n")
    for command in (("predict", tmp_path / "both", fasta), ("mutate", tmp_path / "both", SEQUENCES[0])):
        said = rbptune(*command, "--out", part)
        assert said.code == 2, said.out
    assert part.read_text() == before


def test_the_verdict_is_that_of_a_part(exports, tmp_path):
    combine_exports(exports, tmp_path / "both")
    (tmp_path / "both" / "1-cnn" / "evidence.json").write_text("{}")
    with pytest.raises(StudyError, match="several exports are combined there"):
        verdict(tmp_path / "both")


def test_nothing_is_written_over(exports, tmp_path):
    with pytest.raises(StudyError, match="give a new or empty folder"):
        combine_exports(exports, exports[0])
    out = tmp_path / "both"
    out.mkdir()
    combine_exports(exports, out)
    with pytest.raises(StudyError, match="give a new or empty folder"):
        combine_exports(exports, out)


def test_an_incomplete_export_is_refused(exports, tmp_path):
    (exports[1] / NAME).rename(tmp_path / "moved")
    with pytest.raises(DataError, match=r"test_predictions.tsv.gz: cannot be read"):
        combine_exports(exports, tmp_path / "both")
    (tmp_path / "moved").rename(exports[1] / NAME)
    (exports[1] / "weights-0.safetensors").unlink()
    with pytest.raises(ModelError, match=r"weights-0.safetensors"):
        combine_exports(exports, tmp_path / "both")
    assert not (tmp_path / "both").exists()


@pytest.mark.parametrize("parts", [[], "1-cnn", ["../cnn"], [""], [3], ["1-cnn", ".."]])
def test_parts_lie_beside_the_config(exports, tmp_path, parts):
    out = tmp_path / "both"
    combine_exports(exports, out)
    config = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps({**config, "parts": parts}))
    with pytest.raises(ModelError, match="names of folders beside it"):
        load_model(out)


def test_a_missing_part_is_named(exports, tmp_path):
    out = tmp_path / "both"
    combine_exports(exports, out)
    shutil.rmtree(out / "2-rnn")
    with pytest.raises(ModelError, match=r"2-rnn/config.json: no such file"):
        load_model(out)
