"""Tests of the ranking of finished studies."""

import csv
import gzip
import io
import json
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from data_io.errors import ConfigError, StorageError
from search.evidence.evidence import Ceilings
from search.results.evidence_files import write_evidence
from search.results.leaderboard import format_of, leaderboard
from search.results.ranking import YARDSTICKS, rank_studies
from tests.support.evidence import EVIDENCE
from tests.support.toys import finish_study

FULL = replace(EVIDENCE, ceiling=Ceilings(EVIDENCE.ceiling.set_a, EVIDENCE.ceiling.set_a))


def row(protein, architecture, val=0.5, test=0.4, state="done", experiment="RNCMPT00001"):
    return {
        "study": f"{protein}/{experiment}/{architecture}",
        "protein": protein,
        "experiment": experiment,
        "architecture": architecture,
        "state": state,
        "trials_done": 30,
        "trials_total": 30,
        "trials_pruned": 12,
        "val_spearman": val,
        "test_spearman": test,
        "test_pearson": 0.61234,
    }


ROWS = [
    row("RBFOX1", "rnn", 0.58, 0.60),
    row("PUM", "cnn", 0.20, 0.21, experiment="RNCMPT00102"),
    row("RBFOX1", "cnn", 0.61, 0.59),
    row("PUM", "cnn", 0.30, 0.31, experiment="RNCMPT00101"),
    row("QKI", "cnn", 0.1, None, state="searching"),
    row("HUR", "cnn", None, None, state="failed"),
]


def test_ranked_by_validation_within_an_experiment():
    ranked = rank_studies(ROWS)
    keys = ("protein", "experiment", "architecture", "rank", "best")
    assert [tuple(r[key] for key in keys) for r in ranked] == [
        ("PUM", "RNCMPT00101", "cnn", 1, True),
        ("PUM", "RNCMPT00102", "cnn", 1, True),
        ("RBFOX1", "RNCMPT00001", "cnn", 1, True),  # better on validation, though not on test
        ("RBFOX1", "RNCMPT00001", "rnn", 2, False),
    ]


def test_equal_scores_rank_by_name_whatever_the_order():
    rows = [row("A", name, 0.5) for name in ("rnn", "cnn", "mlp")] + [row("A", "nan", None)]
    for order in (rows, rows[::-1]):
        assert [r["architecture"] for r in rank_studies(order)] == ["cnn", "mlp", "rnn", "nan"]


@pytest.fixture
def artifacts(tmp_path):
    for protein, architecture, rate in (("RBFOX1", "cnn", 0.002), ("RBFOX1", "rnn", 0.0123456)):
        folder = tmp_path / protein / "RNCMPT00001" / architecture
        folder.mkdir(parents=True)
        finish_study(
            folder, architecture, protein, "RNCMPT00001", params={"filters": 96, "learning_rate": rate}
        )
    return lambda study: tmp_path / study


def test_table_for_people(artifacts):
    text = leaderboard(ROWS, "table", artifacts=artifacts, width=200)
    lines = [
        [cell.strip() for cell in line.strip("│ ").split("│")]
        for line in text.splitlines()
        if "RNCMPT" in line
    ]
    assert lines == [
        ["PUM", "RNCMPT00101", "cnn *", "0.300", "0.310", "0.612", "30", "-"],
        ["PUM", "RNCMPT00102", "cnn *", "0.200", "0.210", "0.612", "30", "-"],
        [
            "RBFOX1",
            "RNCMPT00001",
            "cnn *",
            "0.610",
            "0.590",
            "0.612",
            "30",
            "filters 96, learning_rate 0.002",
        ],
        ["RBFOX1", "RNCMPT00001", "rnn", "0.580", "0.600", "0.612", "30", "filters 96, learning_rate 0.0123"],
    ]


def test_table_of_nothing():
    assert "no study is done yet" in leaderboard([row("QKI", "cnn", state="queued")])


def test_names_do_not_style_the_table_nor_steer_the_terminal():
    text = leaderboard([row("[red]A[/red]\x1b[31m", "cnn")], width=200)
    assert "[red]A[/red]" in text
    assert "\x1b" not in text


def test_csv(artifacts):
    [first, *_, last] = csv.DictReader(io.StringIO(leaderboard(ROWS, "csv", artifacts=artifacts)))
    assert list(first) == [
        *("protein", "experiment", "architecture", "rank", "best", "val_spearman", "test_spearman"),
        *("test_pearson", "trials_done", "trials_pruned", *YARDSTICKS, "filters", "learning_rate"),
    ]
    assert (first["protein"], first["filters"], first["best"]) == ("PUM", "", "True")
    assert (last["architecture"], last["rank"], last["learning_rate"]) == ("rnn", "2", "0.0123456")
    assert float(last["test_spearman"]) == 0.60


def test_json(artifacts):
    ranked = json.loads(leaderboard(ROWS, "json", artifacts=artifacts))
    assert ranked[2]["params"] == {"filters": 96, "learning_rate": 0.002}
    assert [config["params"] for config in ranked[2]["configs"]] == [ranked[2]["params"]]
    assert ranked[0]["params"] is ranked[0]["configs"] is None
    assert [r["rank"] for r in ranked] == [1, 1, 1, 2]
    assert json.loads(leaderboard([], "json")) == []


def test_the_workbook_holds_the_figures_of_the_json(artifacts, tmp_path):
    """Each sheet's cells are the JSON's values under the same names, and no figure of the JSON is missing.

    How the members of each config were trained on all of Set A is in the JSON alone.
    """
    write_evidence(artifacts("RBFOX1/RNCMPT00001/cnn"), FULL.to_dict(), [], [])
    ranked = json.loads(leaderboard(ROWS, "json", artifacts=artifacts))
    leaderboard(ROWS, "xlsx", tmp_path / "b.xlsx", artifacts=artifacts)
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    assert book.sheetnames == ["Results", "Best configs", "Provenance"]
    unseen = [set(row) - {"params", "configs", "provenance"} for row in ranked]
    for title, place in (("Results", None), ("Provenance", "provenance")):
        header, *lines = book[title].iter_rows(values_only=True)
        for row, line, left in zip(ranked, lines, unseen, strict=True):
            for name, cell in zip(header, line, strict=True):
                inner = place and name not in ("protein", "experiment", "architecture")
                assert cell == ((row[place] or {}).get(name) if inner else row[name])
                left.discard(name)
            assert place is None or set(row[place] or {}) <= set(header)
    assert not any(unseen)
    header, *lines = book["Best configs"].iter_rows(values_only=True)
    each = [(row, config) for row in ranked for config in row["configs"] or [{}]]
    for (row, config), line in zip(each, lines, strict=True):
        known = {
            **row,
            **{key: None for key in header if key not in row},
            **config,
            **config.get("params", {}),
        }
        assert line == tuple(known[key] for key in header)
    assert {"trial", "value", "members", "filters", "learning_rate"} < set(header)
    (cnn,) = (row for row in ranked if row["verdict"])
    assert (cnn["ceiling_spearman_low"], cnn["ceiling_spearman_high"]) == FULL.ceiling.set_b.spearman
    assert (cnn["published_by"], cnn["published_pearson"]) == ("MultiRBP", 0.82)
    assert (cnn["ridge_spearman"], cnn["ridge_pearson"], cnn["motif"]) == (0.4, 0.51, "UGCW")
    assert cnn["provenance"]["fingerprint"] == "ab12"


DANGEROUS = ["=1+1", "+A1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1"]


@pytest.mark.parametrize("name", DANGEROUS)
def test_names_are_no_formulas_in_a_spreadsheet(name, tmp_path):
    rows = [row(name, "cnn")]
    [line] = csv.DictReader(io.StringIO(leaderboard(rows, "csv")))
    assert line["protein"].startswith("'")
    leaderboard(rows, "xlsx", tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert sheet["A2"].value == line["protein"]
    assert sheet["A2"].data_type == "s"


def test_negative_figures_stay_numbers(tmp_path):
    leaderboard([row("A", "cnn", -0.25)], "xlsx", tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert [cell.value for cell in sheet[2]][:6] == ["A", "RNCMPT00001", "cnn", 1, True, -0.25]
    assert "\n A,RNCMPT00001,cnn,1,True,-0.25".replace(" ", "") in leaderboard(
        [row("A", "cnn", -0.25)], "csv"
    )


@pytest.mark.parametrize("table_format", ["table", "csv", "json"])
def test_a_file_has_the_text(table_format, tmp_path):
    out = tmp_path / "board"
    assert leaderboard(ROWS, table_format, out, width=120) == ""
    assert out.read_text() == leaderboard(ROWS, table_format, width=120)


def test_xlsx_whatever_the_file_is_called(tmp_path):
    leaderboard(ROWS, "xlsx", tmp_path / "board.data")
    assert [path.name for path in tmp_path.iterdir()] == ["board.data"]
    workbook = openpyxl.load_workbook((tmp_path / "board.data").open("rb"))
    assert workbook.active.max_row == 5


def test_the_name_of_a_file_says_its_format():
    names = {
        "b.csv": "csv",
        "b.TSV.gz": "tsv",
        "b.json": "json",
        "b.xlsx": "xlsx",
        "b.txt": "table",
        "-": "table",
    }
    assert {name: format_of(Path(name)) for name in names} == names
    assert format_of(None) == "table"


@pytest.mark.parametrize("table_format", ["csv", "tsv", "json"])
def test_compressed_by_its_ending(table_format, tmp_path):
    out = tmp_path / f"board.{table_format}.gz"
    leaderboard(ROWS, table_format, out)
    assert gzip.decompress(out.read_bytes()).decode() == leaderboard(ROWS, table_format)


def test_one_format_does_not_go_by_the_name_of_another(tmp_path):
    with pytest.raises(ConfigError, match=r"b\.xlsx: ends in \.xlsx, but --format is csv"):
        leaderboard(ROWS, "csv", tmp_path / "b.xlsx")
    with pytest.raises(ConfigError, match=r"a workbook is compressed already; end the name in \.xlsx"):
        leaderboard(ROWS, "xlsx", tmp_path / "b.xlsx.gz")
    assert list(tmp_path.iterdir()) == []


def test_narrow_terminals_get_records_with_whole_names():
    text = leaderboard(ROWS[2:3], width=40)
    assert text == (
        "RBFOX1\n"
        "  Experiment RNCMPT00001, Arch cnn *,\n"
        "  Validation 0.610, Test 0.590,\n"
        "  Pearson 0.612, Trials 30\n"
    )


def test_bad_arguments(tmp_path):
    with pytest.raises(ConfigError, match="--format pdf: unknown; choose one of table, csv, tsv, json, xlsx"):
        leaderboard(ROWS, "pdf")
    with pytest.raises(ConfigError, match=r"--format xlsx: is no text.*--out"):
        leaderboard(ROWS, "xlsx")
    (tmp_path / "file").write_text("")
    for table_format in ("csv", "xlsx"):
        with pytest.raises(StorageError, match="cannot be written"):
            leaderboard(ROWS, table_format, tmp_path / "file" / f"x.{table_format}")


def test_damaged_configs_cost_a_row_no_more_than_themselves(artifacts):
    write_evidence(artifacts("RBFOX1/RNCMPT00001/cnn"), FULL.to_dict(), [], [])
    finish_study(artifacts("RBFOX1/RNCMPT00001/cnn"), "cnn", partners=[{"trial": 3}])
    row = rank_studies(ROWS, artifacts)[2]
    assert row["params"] is row["configs"] is None
    assert (row["verdict"], row["provenance"]["best_trial"]) == (FULL.verdict.colour, 7)


def test_the_workbook_has_a_row_for_each_config_of_a_model(artifacts, tmp_path):
    """One has a single config, one a partner with a parameter more, two have their files elsewhere."""
    partner = {"trial": 3, "params": {"filters": 64, "window": 10}, "value": 0.5, "members": 1, "refit": None}
    finish_study(artifacts("RBFOX1/RNCMPT00001/rnn"), "rnn", params={"filters": 96}, partners=[partner])
    leaderboard(ROWS, "xlsx", tmp_path / "b.xlsx", artifacts=artifacts)
    header, *lines = openpyxl.load_workbook(tmp_path / "b.xlsx")["Best configs"].iter_rows(values_only=True)
    assert header == (
        *("protein", "experiment", "architecture", "trial", "value", "members"),
        *("filters", "learning_rate", "window"),
    )
    study = "RBFOX1", "RNCMPT00001"
    assert [line[3:] for line in lines[:2]] == [(None,) * 6] * 2
    assert lines[2:] == [
        (*study, "cnn", 7, 0.52, 2, 96, 0.002, None),
        (*study, "rnn", 7, 0.52, 1, 96, None, None),
        (*study, "rnn", 3, 0.5, 1, 64, None, 10),
    ]
