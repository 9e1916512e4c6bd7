"""Tests of the report card: what it shows is what the study found, in one file that needs nothing else."""

import html.parser
import json
import re
import shutil

import numpy as np
import pytest

from data_io.alphabet import encode
from data_io.predictions import Predictions, pack_predictions
from search.results.evidence_files import write_evidence
from search.results.history import Ended, History
from search.results.report.material import read_material
from search.results.report.page import VERDICTS, render_report
from tests.support.evidence import EVIDENCE
from tests.support.toys import finish_study

CURVE = ((1, 0.3), (2, 0.5))
HISTORY = History(
    (
        Ended(0, "finished", 0.45, CURVE, {}),
        Ended(3, "pruned", 0.2, CURVE[:1], {}),
        Ended(7, "finished", 0.55, CURVE, {}),
    ),
    {"learning_rate": 0.75, "filters": 0.25},
    {"at": "2026-01-02T03:04:00+00:00", "trial": 7, "weights": "c0ffee"},
)
EARLIER = ("evidence.json", "test_predictions.tsv.gz")


class Page(html.parser.HTMLParser):
    """The figures of a page, as (value, text); its headline by name; its ids; its tags."""

    def __init__(self, text):
        super().__init__()
        self.figures, self.headline, self.ids, self.tags = [], {}, [], []
        self._value = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.tags.append((tag, known))
        self.ids += [known["id"]] if "id" in known else []
        self._value = known["value"] if tag == "data" else None

    def handle_data(self, text):
        if self._value is not None:
            self.figures.append((self._value, text))
            self.headline.setdefault(self.ids[-1], self._value)
        self._value = None


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "RBFOX1" / "RNCMPT00168" / "cnn"
    folder.mkdir(parents=True)
    finish_study(folder, test_spearman=0.5432109876, val_pearson=1 / 3, protein="<RBFOX1>")
    codes, _ = encode(["ACGUACGU", "GGUGCAUG", "UUUU", "ACAC"])
    values = np.array([[0.1, 1.2, -0.5, 0.0], [0.3, 1.0, -0.7, 0.2]], np.float32)
    measured = np.array([0.2, 2.5, np.nan, -0.4], np.float32)
    (folder / EARLIER[1]).write_bytes(pack_predictions(Predictions(codes, measured, values)))
    write_evidence(folder, EVIDENCE.to_dict(), [], [])
    return folder


@pytest.fixture(scope="module")
def text(artifacts):
    return render_report(read_material(artifacts, HISTORY))


def numbers(content):
    """Every number of a JSON value, texts of hyperparameters among them."""
    if isinstance(content, dict | list):
        for value in content.values() if isinstance(content, dict) else content:
            yield from numbers(value)
    elif not isinstance(content, bool):
        yield str(content)


def test_every_figure_is_one_of_the_studys_own(artifacts, text):
    page = Page(text)
    result = json.loads((artifacts / "result.json").read_text())
    own = set(numbers(result)) | set(numbers(json.loads((artifacts / EARLIER[0]).read_text())))
    for value, text in page.figures:
        for one, shown in zip(value.split(), text.removesuffix(" %").split("–"), strict=True):
            assert one in own
            if re.fullmatch(r"[\d.]+", shown):
                scale = 100 if text.endswith("%") else 1
                digits = len(shown.partition(".")[2])
                assert shown == f"{scale * float(one):.{digits}f}" or float(shown) == float(
                    f"{float(one):.4g}"
                )
    for name in ("test_spearman", "test_pearson", "val_spearman"):
        assert page.headline[name] == str(result[name])
    values = [value for value, _ in page.figures]
    for figures in (result, *result["members"]):
        shown = [str(figures[key]) for key in ("val_spearman", "test_spearman", "test_pearson")]
        assert all(value in values for value in shown)
    assert f"{EVIDENCE.ceiling.set_a.spearman[0]} {EVIDENCE.ceiling.set_a.spearman[1]}" in values


def test_it_needs_nothing_else(artifacts, text):
    page = Page(text)
    names = {name for name, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed"}
    places = [
        value for _, known in page.tags for key, value in known.items() if key.endswith(("href", "src"))
    ]
    assert places
    assert all(place.startswith(("#", "data:image/png;base64,")) for place in places)
    assert not re.search(r"@import|url\((?!#)", text)
    used = {place[1:] for place in places if place.startswith("#")} | set(
        re.findall(r"url\(#([^)]+)\)", text)
    )
    assert used <= set(page.ids)
    assert len(page.ids) == len(set(page.ids)), "pictures keep out of each other's way"
    assert len(text) < 400_000
    assert text == render_report(read_material(artifacts, HISTORY))


def test_words_of_others_are_text(text):
    assert "<RBFOX1>" not in text
    assert "&lt;RBFOX1&gt;" in text


def test_it_says_what_speaks_for_the_model_and_how_the_test_was_sealed(text):
    for part in (*EVIDENCE.verdict.sentences, VERDICTS["green"][1], "c0ffee", HISTORY.opened["at"], "ab12"):
        assert part in text
    assert "3 trials: 2 finished, 1 pruned" in text
    assert "no sequence stands twice in it" in text
    assert 'aria-label="Logo of UGCW, above the published UGCAUG"' in text


def test_a_study_of_an_earlier_version_has_one_too(artifacts, tmp_path):
    shutil.copytree(artifacts, tmp_path / "a" / "b" / "c", ignore=shutil.ignore_patterns(*EARLIER))
    text = render_report(read_material(tmp_path / "a" / "b" / "c", History((), {}, None)))
    assert VERDICTS["grey"][1] in text
    assert "was made by an earlier version" in text
    assert "Too few trials finished" in text
