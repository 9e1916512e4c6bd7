"""Substitutions from a table, against sequences scored one by one."""

import csv
import io

import numpy as np
import pytest

from data_io.errors import DataError, StorageError
from models.weights import load_model
from search.results.variants import score_variants
from tests.support.toys import finish_study

RNG = np.random.default_rng(5)
TEXTS = {f"s{i}": "".join(RNG.choice(list("ACGU"), n)) for i, n in enumerate((300, 20, 41, 100))}
HEADER = "name\tposition\tref\talt\n"


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    finish_study(folder)
    return folder / "model"


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "x.fasta"
    path.write_text("".join(f">{name} words\n{text}\n" for name, text in TEXTS.items()))
    return path


def scored(export, fasta, text, name="out.tsv"):
    table, out = fasta.with_name("v.tsv"), fasta.with_name(name)
    table.write_text(text)
    score_variants(export, fasta, table, out, jobs=2)
    return list(csv.DictReader(io.StringIO(out.read_text()), delimiter="\t"))


def other(letter):
    return "ACGU"[("ACGU".index(letter) + 1) % 4]


def best(model, text, place, count):
    """The best of the windows that hold a letter from `place` on, and the members' predictions of it."""
    starts = [s for s in range(max(len(text) - 40, 1)) if s < place + count and s + 41 > place]
    members = np.array(
        [
            [type(model)("", None, [m], {}).predict([text[s : s + 41]])[0] for s in starts]
            for m in model.members
        ]
    )
    return members[:, members.mean(axis=0).argmax()]


@pytest.mark.parametrize("chunk", [90, 1 << 20])
def test_effects_are_those_of_the_best_windows_around(export, fasta, chunk, monkeypatch):
    monkeypatch.setattr("data_io.fasta.CHUNK", chunk)
    places = [("s0", 1, 1), ("s0", 150, 1), ("s0", 299, 2), ("s1", 5, 3), ("s2", 41, 1), ("s3", 90, 1)]
    rows, expected, model = [], [], load_model(export)
    for name, position, count in places:
        text, place = TEXTS[name], position - 1
        ref = text[place : place + count]
        alt = "".join(map(other, ref))
        changed = text[:place] + alt + text[place + count :]
        rows.append(f"{name}\t{position}\t{ref}\t{alt}\n")
        expected.append((best(model, text, place, count), best(model, changed, place, count)))
    found = scored(export, fasta, HEADER + "".join(rows))
    assert ["\t".join((r["name"], r["position"], r["ref"], r["alt"])) + "\n" for r in found] == rows
    for row, (before, after) in zip(found, expected, strict=True):
        assert float(row["reference"]) == pytest.approx(before.mean(), abs=2e-5)
        assert float(row["alternative"]) == pytest.approx(after.mean(), abs=2e-5)
        assert float(row["effect"]) == pytest.approx((after - before).mean(), abs=2e-5)
        assert float(row["spread"]) == pytest.approx((after - before).std(ddof=1), abs=2e-5)
        percentile = model.percentiles(np.float32([after.mean()]))[0]
        assert float(row["alternative_percentile"]) == pytest.approx(percentile, abs=0.06)


def test_vcf_and_tables_without_a_header(export, fasta):
    ref, alts = TEXTS["s0"][9], [letter for letter in "ACGU" if letter != TEXTS["s0"][9]]
    plain = "".join(f"s0\t10\t{ref}\t{alt}\n" for alt in alts)
    vcf = "##fileformat=VCFv4.2\n##source=x\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\n"
    dna = [letter.replace("U", "T").lower() for letter in (ref, ",".join(alts))]
    lines = vcf + f"s0\t10\trs1\t{dna[0]}\t{dna[1]}\t.\n"
    found, of_vcf = scored(export, fasta, plain), scored(export, fasta, lines)
    assert len(found) == 3
    assert [row["effect"] for row in found] == [row["effect"] for row in of_vcf]


FIRST, SECOND = TEXTS["s0"][0], other(TEXTS["s0"][0])
REFUSED = {
    "an empty table": ("", "{table}: holds no variant; give a table of name, position, ref and alt"),
    "a header alone": (HEADER, "{table}: holds no variant"),
    "no columns": ("a b c\n", "{table}: has 1 columns and no header; give a table"),
    "a column is missing": ("name\tpos\tref\ns0\t1\tA\n", "{table}: the header lacks alternative; give"),
    "a short row": (HEADER + "s0\t1\n", "{table}: line 2 has 2 columns; give a table"),
    "no number": (HEADER + "s0\tone\tA\tC\n", "{table}: line 2: position 'one' is no whole number from 1"),
    "position 0": (HEADER + "s0\t0\tA\tC\n", "{table}: line 2: position '0' is no whole number from 1"),
    "an unknown letter": (HEADER + f"s0\t1\t{FIRST}\tX\n", "{table}: line 2: alt is 'X'; only letters A, C"),
    "a deletion": (HEADER + "s0\t1\tAC\tA\n", "{table}: line 2: ref 'AC' and alt 'A' differ in length; only"),
    "a symbol of VCF": (HEADER + "s0\t1\tA\t<DEL>\n", "{table}: line 2: alt is '<DEL>'; only letters"),
    "no change": (HEADER + "s0\t1\tU\tt\n", "{table}: line 2: ref and alt are both 'U'; correct it"),
    "another reference": (
        HEADER + f"s0\t1\t{SECOND}\t{FIRST}\n",
        "{table}: line 2: ref is '"
        + SECOND
        + "', but '"
        + FIRST
        + "' stands there in 's0' of {fasta}; correct",
    ),
    "beyond the end": (
        HEADER + "s1\t21\tA\tC\n",
        "{table}: line 2: position 21 is out of range; 's1' has 20 letters in {fasta}",
    ),
    "an unknown name": (HEADER + "x\t1\tA\tC\n", "{table}: line 2: 'x' is no sequence of {fasta}; correct"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(export, fasta, case):
    text, message = REFUSED[case]
    with pytest.raises(DataError) as caught:
        scored(export, fasta, text)
    assert str(caught.value).startswith(message.format(table=fasta.with_name("v.tsv"), fasta=fasta))
    assert not fasta.with_name("out.tsv").exists()


def test_names_must_be_told_apart(export, fasta):
    fasta.write_text(fasta.read_text() + ">s0\nACGU\n")
    with pytest.raises(DataError, match="has 's0' twice"):
        scored(export, fasta, HEADER + f"s0\t1\t{FIRST}\t{SECOND}\n")
    assert len(scored(export, fasta, HEADER + f"s2\t1\t{TEXTS['s2'][0]}\t{other(TEXTS['s2'][0])}\n")) == 1


def test_its_own_inputs_are_no_output(export, fasta):
    for name in ("v.tsv", "x.fasta"):
        with pytest.raises(StorageError, match="itself; write to another file"):
            scored(export, fasta, HEADER + f"s0\t1\t{FIRST}\t{SECOND}\n", name)
