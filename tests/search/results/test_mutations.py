"""Every single substitution: numbers, table, picture."""

import csv
import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from data_io.errors import ConfigError, DataError, StorageError
from models.weights import load_model
from search.results.mutations import mutate, saturate
from search.results.variants import score_variants
from tests.support.toys import Matcher, finish_study, toy_model

TEXT = "".join(np.random.default_rng(7).choice(list("ACGU"), 60))


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    finish_study(folder)
    return folder / "model"


def test_the_effects_of_a_known_model():
    """It counts letters of UGC at one place: to lose one of them costs 1, to complete one in C...C gains."""
    effects = saturate(toy_model(Matcher("UGC")), "CCUGCC")
    assert effects.index.names == ["position", "letter"]
    assert "".join(effects.index.get_level_values("letter")) == "CCUGCC"
    expected = np.zeros((6, 4))
    expected[2], expected[3], expected[4] = [-1, -1, -1, 0], [-1, -1, 0, -1], [-1, 0, -1, -1]
    np.testing.assert_array_equal(effects.to_numpy(), expected)


def test_a_letter_that_is_not_known_is_replaced_by_all_four():
    effects = saturate(toy_model(Matcher("UG")), "NG")
    assert effects.loc[1].to_numpy().tolist() == [[0, 0, 0, 1]]


def test_a_long_sequence_has_the_effects_of_its_variants(export, tmp_path):
    (tmp_path / "x.fa").write_text(f">x\n{TEXT}")
    mutate(export, str(tmp_path / "x.fa"), tmp_path / "m.tsv", jobs=2)
    table = (tmp_path / "m.tsv").read_text()
    rows = list(csv.DictReader(io.StringIO(table), delimiter="\t"))
    assert len(rows) == 180
    lines = ["\t".join((r["name"], r["position"], r["ref"], r["alt"])) for r in rows]
    (tmp_path / "v.tsv").write_text("name\tpos\tref\talt\n" + "\n".join(lines) + "\n")
    score_variants(export, tmp_path / "x.fa", tmp_path / "v.tsv", tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_text() == table
    effects = saturate(load_model(export), TEXT)
    for row in rows[::17]:
        assert effects.loc[int(row["position"]), row["alt"]].item() == pytest.approx(
            float(row["effect"]), abs=1e-5
        )


def test_a_sequence_itself_and_several_in_a_file(export, tmp_path):
    mutate(export, "acgt", tmp_path / "m.csv")
    table = pd.read_csv(tmp_path / "m.csv")
    assert set(table["name"]) == {"sequence"}
    assert "".join(table["ref"][::3]) == "ACGU"
    (tmp_path / "two.txt").write_text("ACGU\nGG\n")
    mutate(export, str(tmp_path / "two.txt"), tmp_path / "two.tsv")
    table = pd.read_csv(tmp_path / "two.tsv", sep="\t")
    assert table["name"].value_counts().to_dict() == {"sequence_1": 12, "sequence_2": 6}


def test_the_picture(export, tmp_path):
    for name in ("m.svg", "again.svg", "m.PNG"):
        mutate(export, TEXT[:9], tmp_path / "m.tsv", tmp_path / name)
    svg = (tmp_path / "m.svg").read_text()
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert (tmp_path / "again.svg").read_text() == svg, "the same each time"
    assert (tmp_path / "m.PNG").read_bytes().startswith(b"\x89PNG")


def test_mistakes(export, tmp_path):
    (tmp_path / "long.txt").write_text("A" * 301 + "\n")
    (tmp_path / "two.txt").write_text("ACGU\nGG\n")
    (tmp_path / "longer.txt").write_text("A" * 20_001)
    (tmp_path / "empty.fa").write_text("")
    before = sorted(tmp_path.iterdir())
    out, svg = tmp_path / "m.tsv", tmp_path / "m.svg"
    for given, table, picture, error, said in (
        ("ACGU", out, tmp_path / "m.jpg", ConfigError, r"m\.jpg: end the name in \.svg or \.png"),
        ("ACGU", svg, svg, ConfigError, "is the table of effects, too"),
        ("A" * 301, out, svg, ConfigError, "shows up to 300 letters, 301 were given"),
        (tmp_path / "two.txt", out, svg, ConfigError, "shows one sequence, 2 were given"),
        (tmp_path / "longer.txt", out, None, DataError, "has 20,001 letters, at most 20,000"),
        (tmp_path / "empty.fa", out, None, DataError, "holds no sequence"),
        ("ACXGU", out, None, DataError, "ACXGU: no such file; give FASTA"),
        (tmp_path / "two.txt", tmp_path / "two.txt", None, StorageError, "is the input"),
    ):
        with pytest.raises(error, match=said):
            mutate(export, str(given), table, picture)
    assert sorted(tmp_path.iterdir()) == before
