import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from data_io.alphabet import encode
from data_io.errors import StorageError
from data_io.experiments import read_master_sheet
from data_io.matrix import measured_experiments
from data_io.planting import Affinity, PlantedMotif
from data_io.simulate import simulate


@pytest.fixture(scope="module")
def table(simulated):
    return pd.read_csv(simulated / "norm_data.txt", sep="\t")


def test_the_layout_is_the_published_one(simulated, table):
    assert table.columns[:3].tolist() == ["Probe_ID", "Probe_Set", "RNA_Seq"]
    assert len(table) == 3000
    assert table["Probe_ID"].is_unique
    experiments = [experiment.motif_id for experiment in read_master_sheet(simulated / "metadata.xlsx")]
    assert sorted(table.columns[3:]) == experiments
    assert table.columns[3:].tolist() != experiments, "the columns are not sorted"


def test_probes_are_like_the_real_ones(table):
    assert set(table["Probe_Set"]) == {"SetA", "SetB"}
    assert 0.45 < (table["Probe_Set"] == "SetA").mean() < 0.55
    lengths = table["RNA_Seq"].str.len()
    assert (lengths.min(), lengths.max(), lengths.mode()[0]) == (30, 41, 38)
    assert table["RNA_Seq"].str.fullmatch("AG[AG][ACGU]+").all()
    sets = table.groupby("RNA_Seq")["Probe_Set"]
    assert (sets.size() == 2).sum() > 200, "some sequences are there twice"
    assert (sets.nunique() == 1).all(), "but not in both sets"


def test_intensities_are_like_the_real_ones(simulated, table):
    for experiment in table.columns[3:]:
        values = table[experiment]
        assert values.skew() > 2
        assert (values == values.max()).sum() > 1, "the scanner saturates"
        assert 0 < values.isna().mean() < (0.4 if experiment == "RNCMPT90003" else 0.02)
    assert table["RNCMPT90003"].isna().mean() > 0.25


def test_what_is_planted_can_be_found(simulated, table):
    codes, lengths = encode(table["RNA_Seq"].tolist())
    for planted in json.loads((simulated / "planted.json").read_text()):
        motif = PlantedMotif(**planted)
        values = table[motif.motif_id]
        measured = values.notna().to_numpy()
        found = spearmanr(Affinity(codes, lengths).of(motif.motif)[measured], values[measured]).statistic
        assert motif.strength - 0.15 < found < motif.strength + 0.02
    other = spearmanr(
        Affinity(codes, lengths).of("GGCCGG"), table["RNCMPT90001"], nan_policy="omit"
    ).statistic
    assert other < 0.1


def test_copies_of_a_probe_differ_by_noise(table):
    pairs = table[table["RNA_Seq"].duplicated(keep=False)].sort_values("RNA_Seq")
    values = pairs["RNCMPT90001"].to_numpy()
    assert 0.2 < spearmanr(values[::2], values[1::2], nan_policy="omit").statistic < 0.9


def test_the_seed_decides(tmp_path):
    first = simulate(tmp_path / "a", probes=1000, seed=5)
    assert first == simulate(tmp_path / "b", probes=1000, seed=5)
    other = simulate(tmp_path / "c", probes=1000, seed=6)
    assert [motif.motif for motif in first] == [motif.motif for motif in other]
    texts = [(tmp_path / name / "norm_data.txt").read_bytes() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]
    planted = json.loads((tmp_path / "a" / "planted.json").read_text())
    assert planted == [asdict(motif) for motif in first]


def test_more_experiments_leave_the_first_as_they_are(tmp_path):
    simulate(tmp_path / "few", probes=1000, experiments=2)
    simulate(tmp_path / "many", probes=1000, experiments=9)
    few, many = (pd.read_csv(tmp_path / name / "norm_data.txt", sep="\t") for name in ("few", "many"))
    for column in few.columns:
        pd.testing.assert_series_equal(few[column], many[column])
    assert len(measured_experiments(tmp_path / "many" / "norm_data.txt")) == 9


def test_written_over_compressed_and_with_blanks(tmp_path):
    simulate(tmp_path, probes=1000)
    plain = pd.read_csv(tmp_path / "norm_data.txt", sep="\t")
    simulate(tmp_path, probes=1000, compress=True, header_blanks=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "metadata.xlsx",
        "norm_data.txt.gz",
        "planted.json",
    ]
    packed = pd.read_csv(tmp_path / "norm_data.txt.gz", sep="\t")
    assert any(name != name.strip() for name in packed.columns)
    packed.columns = packed.columns.str.strip()
    pd.testing.assert_frame_equal(packed, plain)
    first = (tmp_path / "norm_data.txt.gz").read_bytes()
    simulate(tmp_path, probes=1000, compress=True, header_blanks=True)
    assert (tmp_path / "norm_data.txt.gz").read_bytes() == first


def test_the_real_design(tmp_path, probe_design):
    simulate(tmp_path, design=probe_design, probes=2000, experiments=1)
    design = pd.read_csv(probe_design, sep="\t", nrows=2000)
    table = pd.read_csv(tmp_path / "norm_data.txt", sep="\t")
    assert table["RNA_Seq"].tolist() == design["RNA_Seq"].tolist()
    assert table["Probe_Set"].tolist() == design["Probe_Set"].tolist()
    assert np.isfinite(table["RNCMPT90001"]).mean() > 0.98


def test_a_design_is_not_overwritten(tmp_path):
    simulate(tmp_path, probes=1000)
    before = (tmp_path / "norm_data.txt").read_bytes()
    with pytest.raises(StorageError, match=r"norm_data\.txt: is the input .*norm_data\.txt itself"):
        simulate(tmp_path, design=tmp_path / "norm_data.txt")
    assert (tmp_path / "norm_data.txt").read_bytes() == before
