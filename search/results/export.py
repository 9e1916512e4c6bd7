"""Hand a finished study over: model, figures, curve and motif in one folder that needs nothing else."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from data_io.errors import SpaceError, StorageError, StudyError
from data_io.files import keep_access
from data_io.predictions import NAME
from search.results.ensemble import how_made
from search.results.evidence_files import EVIDENCE, MOTIFS, REPORT, logo_files
from search.results.model_folder import METRICS, PARTS, SPACE, is_written
from search.results.space_toml import best_config_toml

if TYPE_CHECKING:
    from search.results.history import History

MOTIF_LENGTH = 7  # RNAcompete's own unit
MOTIF_ROWS = 20
WIDTH = 104  # letters in a line of README.txt
_NEEDED: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("study", "protein", "experiment", "architecture", "tested_at"), str),
    **dict.fromkeys(("val_spearman", "test_spearman"), (int, float)),
}
_README = """\
{architecture} for {protein} ({experiment}, {species}), made by rbptune

Spearman correlation of prediction and measurement: validation {val_spearman:.3f}, test {test_spearman:.3f}.
The test probes were opened once, on {tested_at}, after the model was chosen.
{made}
config.json             architecture, hyperparameters, scaling of the targets, provenance
weights-K.safetensors   weights of the members, whose mean is the prediction
metrics.json            all figures, and where they come from: data, split, seeds, versions
curve.csv               the training of the members without the validation probes, one line an epoch
motif.tsv               the k-mers that raise the prediction most when they stand in random sequences
{more}
In this folder, to score sequences of any length (FASTA, a table with a column called sequence, or lines):

    rbptune predict . sequences.fasta --out scores.tsv

or in Python:

    import rbptune
    scores = rbptune.load_model(".").predict(["AGUUGCAUGCAUAGC"])

A score is a log intensity in standard deviations from the mean of the training probes. For a sequence
longer than 41 it is that of its best window of 41, which begins at best_window_start, counted from 1.
spread is the standard deviation of the members' predictions, percentile the share of the training probes
that are predicted lower. Letters such as R (A or G) are read as N; unknown is the share of N in that
window, 1 where it has no other.

To train the members again, and see whether the figures agree:

    rbptune reproduce . --data DIR
"""
_MORE = {
    REPORT: "what was found, on one page",
    SPACE: "the best config, for rbptune launch --space",
    NAME: "measured and predicted values of the test probes",
    EVIDENCE: "motifs, noise ceiling, baselines, published scores, verdict",
    MOTIFS: "matrices in the MEME format: motif_K, its motifs (motif_K.svg and .png are their logos), and\n"
    "                        words, its strongest 7-mers aligned",
}


def export_study(artifacts: Path, out: Path, history: Callable[[], History | None] = lambda: None) -> Path:
    """Copy what a finished study found into a folder of its own.

    Parameters
    ----------
    artifacts : Path
        The study's artifacts in the workspace: result.json, curve.csv and model/.
    out : Path
        The folder to write. An earlier export of the same study there is replaced.
    history : callable, optional
        Gives the study's history, for the report; without, there is none.

    Returns
    -------
    Path
        The folder, with config.json, weights-K.safetensors, metrics.json, curve.csv, motif.tsv, README.txt
        and what else the study has: space.toml, test_predictions.tsv.gz, evidence.json, motifs.meme, logos,
        report.html. It is either complete or as it was before.

    Raises
    ------
    StudyError
        When the study is not done, or `out` holds something else.
    ModelError
        When the study's model is damaged.
    StorageError
        When the folder cannot be written.
    """
    from models.weights import load_model
    from search.evidence.kmers import strongest_kmers

    result = read_result(artifacts)
    model = load_model(artifacts / "model")
    target = out.resolve()
    _check_target(out, target, result["study"])
    with replaced_at_the_end(out, target) as folder:
        _copy_files(artifacts, folder)
        (folder / METRICS).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        _write_more(artifacts, result, folder, history())
        more = "".join(f"{name:<24}{text}\n" for name, text in _MORE.items() if (folder / name).is_file())
        (folder / "README.txt").write_text(_readme(result, more), encoding="utf-8")
        motif = strongest_kmers(model.members, MOTIF_LENGTH, MOTIF_ROWS)
        motif.to_csv(folder / "motif.tsv", sep="\t", index=False, float_format="%.4f", lineterminator="\n")
    return out


def read_result(artifacts: Path) -> dict[str, Any]:
    """Read the figures of a finished study.

    Raises
    ------
    StudyError
        When the study is not done, or its result.json is damaged.
    """
    path = artifacts / "result.json"
    if not path.exists():
        study = "/".join(artifacts.parts[-3:])
        raise StudyError(
            f"study {study} is not done: no {path}; see rbptune status, and launch it again to go on"
        )
    return _read_figures(path)


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read the same from an export.

    Raises
    ------
    StudyError
        When the folder is no export of one study, or its metrics.json is damaged.
    """
    path = folder / METRICS
    if not path.is_file():
        raise StudyError(f"{path}: no such file; give the folder of an export, complete")
    return _read_figures(path)


def _read_figures(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: cannot be read ({error}); restore it from a copy") from error
    if not isinstance(result, dict):
        raise StudyError(f"{path}: not a result of this version; restore it from a copy")
    if PARTS in result:
        raise StudyError(f"{path.parent}: several exports are combined there; give one of their folders")
    for key, kind in _NEEDED.items():
        if not isinstance(result.get(key), kind):
            raise StudyError(f"{path}: {key} is {result.get(key)!r}; restore the file from a copy")
    return {**result, "species": result.get("species", "unknown species")}


def _readme(result: Mapping[str, Any], more: str) -> str:
    made = "".join(f"{line}\n" for line in wrap(how_made(result), WIDTH))
    return _README.format(**result, more=more, made=made)


def _copy_files(artifacts: Path, folder: Path) -> None:
    model = artifacts / "model"
    for file in (artifacts / "curve.csv", model / "config.json", *model.glob("weights-*.safetensors")):
        if not file.is_file():
            raise StudyError(f"{file}: no such file; restore it from a copy")
        shutil.copyfile(file, folder / file.name)


def _write_more(artifacts: Path, result: Mapping[str, Any], folder: Path, history: History | None) -> None:
    """Copy and write what not every study has."""
    for file in (artifacts / NAME, artifacts / EVIDENCE, artifacts / MOTIFS, *logo_files(artifacts)):
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
    with suppress(SpaceError):  # a config of an earlier version, say, which this one could not run
        if (space := best_config_toml(result)) is not None:
            (folder / SPACE).write_text(space, encoding="utf-8")
    if history is not None:
        from search.results.report.material import read_material
        from search.results.report.page import write_report

        write_report(read_material(artifacts, history), folder / REPORT)


def _check_target(out: Path, target: Path, study: str) -> None:
    """Refuse a folder whose content would be lost."""
    if target.exists() and not target.is_dir():
        raise StudyError(f"{out}: is a file; give a folder to --out")
    names = {path.name for path in target.iterdir()} if target.exists() else set()
    if not names:
        return
    earlier = _study_of(target / METRICS)
    if earlier is None:
        raise StudyError(f"{out}: holds other files; give a new or empty folder to --out")
    if earlier != study:
        raise StudyError(
            f"{out}: holds the export of {earlier}, not of {study}; give another folder to --out"
        )
    foreign = sorted(name for name in names if not is_written(name))
    if foreign:
        raise StudyError(f"{out}: holds {foreign[0]!r} beside an earlier export; move it away first")


def _study_of(path: Path) -> str | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    study = content.get("study") if isinstance(content, Mapping) else None
    return study if isinstance(study, str) else None


@contextmanager
def replaced_at_the_end(out: Path, target: Path) -> Iterator[Path]:
    """Give a new folder beside `target`, which takes its place when the block ends well."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
            new, old = Path(beside, "new"), Path(beside, "old")
            new.mkdir()
            yield new
            keep_access(target, new)
            if target.exists():
                target.rename(old)
            try:
                new.rename(target)
            except OSError:
                if old.exists():
                    old.rename(target)
                raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageError(
            f"{out}: cannot be written ({reason}); choose another folder or make room"
        ) from error
