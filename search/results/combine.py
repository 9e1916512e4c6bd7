"""Make one model of the exports of several studies of an experiment, of both architectures for example."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data_io.errors import StudyError
from data_io.predictions import NAME, Predictions, pack_predictions, read_predictions
from search.results.export import read_metrics, replaced_at_the_end
from search.results.model_folder import METRICS, PARTS, is_written

if TYPE_CHECKING:
    from models.weights import LoadedModel

ROWS = 200  # of a table that are predicted again, to see whether it is of the weights beside it
CLOSE = 0.1  # bfloat16 and float32 differed by up to 0.011 in 12 networks, two networks by 0.36 and more

_README = """\
{architecture} for {protein} ({experiment}, {species}), made by rbptune

The members of several exports as one ensemble, whose mean is the prediction. Spearman correlation of
prediction and measurement on the test probes: {test_spearman:.3f}. No test set was opened for it: the figure
is of the predictions that the tests of the exports left.

{folders}
config.json             which folders have the members
metrics.json            the figures
test_predictions.tsv.gz measured and predicted values of the test probes

In this folder, to score sequences:

    rbptune predict . sequences.fasta --out scores.tsv

The table is that of any export (see README.txt in a folder), but that percentile is the share of the test
probes, not of the training probes, that are predicted lower.
"""


@dataclass(frozen=True)
class _Part:
    """An export as it was read."""

    export: Path
    figures: Mapping[str, Any]
    model: LoadedModel
    table: Predictions

    def name(self, number: int) -> str:
        """Its folder in what is written."""
        return f"{number}-{self.model.architecture}"


def combine_exports(exports: Sequence[Path], out: Path) -> dict[str, Any]:
    """Write a folder with several exports whose members are one ensemble.

    Parameters
    ----------
    exports : sequence of Path
        Folders of exports, two or more, of studies of one experiment, its data and split.
    out : Path
        The folder to write, new or empty.

    Returns
    -------
    dict
        What metrics.json has: the test figures, and those of each part.

    Raises
    ------
    StudyError
        When there are too few exports, they do not go together, or `out` holds something.
    DataError
        When an export's table of predictions is missing or damaged.
    ModelError
        When an export's model is.
    StorageError
        When the folder cannot be written.
    """
    if len(exports) < 2:
        raise StudyError("combine: give two exports or more")
    target = out.resolve()
    _check_target(out, target, exports)
    parts = [_read(export) for export in exports]
    for other in parts[1:]:
        _check_same(parts[0], other)
    together = _together(parts)
    result = _figures(parts, together)
    with replaced_at_the_end(out, target) as folder:
        for part, kept in zip(parts, result[PARTS], strict=True):
            _copy(part.export, folder / kept["folder"])
        _write(folder, result, parts, together)
    return result


def _check_target(out: Path, target: Path, exports: Sequence[Path]) -> None:
    """Refuse a folder whose content would be lost, and one that would be copied into itself."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError(f"{out}: holds other files; give a new or empty folder to --out")
    for export in exports:
        if target.is_relative_to(export.resolve()):
            raise StudyError(f"{out}: lies in the export {export}; give a folder outside of it to --out")


def _read(export: Path) -> _Part:
    """Read an export, and see that its figures, weights and predictions are of one model."""
    from models.predict import predict
    from models.weights import load_model

    figures, model, table = read_metrics(export), load_model(export), read_predictions(export / NAME)
    expected = [predict(member, table.codes[:ROWS]) for member in model.members]
    fits = len(expected) == len(table.members) and figures["architecture"] == model.architecture
    if not (fits and np.allclose(expected, table.members[:, :ROWS], atol=CLOSE, rtol=0)):
        raise StudyError(f"{export}: its weights, figures and {NAME} do not fit; export it again")
    return _Part(export, figures, model, table)


def _check_same(first: _Part, other: _Part) -> None:
    """Refuse exports of different experiments, splits, data or probes, and networks that both have."""
    for (what, ours), theirs in zip(_origin(first).items(), _origin(other).values(), strict=True):
        if ours != theirs:
            raise StudyError(
                f"{other.export}: its {what} is {theirs[:12]}, but {ours[:12]} in {first.export}; "
                "combine exports of the same"
            )
    one, two = first.table, other.table
    same = np.array_equal(one.codes, two.codes) and np.array_equal(one.measured, two.measured, equal_nan=True)
    if not same:
        raise StudyError(
            f"{other.export / NAME}: of other probes than {first.export / NAME}; export both again"
        )
    if any((member == known).all() for member in two.members for known in one.members):
        raise StudyError(f"{other.export}: has a network of {first.export}, too; give each export once")


def _origin(part: _Part) -> dict[str, str]:
    """What two exports must have in common."""
    provenance = part.figures.get("provenance")
    spec = provenance.get("spec") if isinstance(provenance, Mapping) else None
    if not isinstance(provenance, Mapping) or not isinstance(spec, Mapping):
        raise StudyError(f"{part.export / METRICS}: does not say how it was made; export the study again")
    found = part.figures["experiment"], spec.get("split"), provenance.get("fingerprint")
    return dict(zip(("experiment", "split", "fingerprint"), map(str, found), strict=True))


def _together(parts: Sequence[_Part]) -> Predictions:
    """The predictions of all members for the probes of the test."""
    first = parts[0].table
    return Predictions(first.codes, first.measured, np.concatenate([part.table.members for part in parts]))


def _figures(parts: Sequence[_Part], together: Predictions) -> dict[str, Any]:
    from models.metrics import pearson, spearman

    first = parts[0].figures
    kept = "study", "tested_at", "val_spearman", "test_spearman", "test_pearson"
    architecture = "+".join(part.model.architecture for part in parts)
    return {
        "study": f"{first['protein']}/{first['experiment']}/{architecture}",
        **{key: first[key] for key in ("protein", "experiment", "species")},
        "architecture": architecture,
        "members": len(together.members),
        "test_spearman": spearman(together.predicted, together.measured),
        "test_pearson": pearson(together.predicted, together.measured),
        PARTS: [
            {"folder": part.name(number), **{key: part.figures.get(key) for key in kept}}
            for number, part in enumerate(parts, start=1)
        ],
    }


def _copy(export: Path, folder: Path) -> None:
    """Copy the files of an export, and nothing else that lies there."""
    folder.mkdir()
    for file in sorted(export.iterdir()):
        if is_written(file.name) and file.is_file():
            try:
                content = file.read_bytes()
            except OSError as error:
                raise StudyError(f"{file}: cannot be read ({error.strerror}); export it again") from error
            (folder / file.name).write_bytes(content)


def _write(folder: Path, result: Mapping[str, Any], parts: Sequence[_Part], together: Predictions) -> None:
    from models.weights import TEST_QUANTILES, quantiles_of, save_parts

    names = [part["folder"] for part in result[PARTS]]
    extra = {"scaling": parts[0].model.extra.get("scaling")}
    save_parts(folder, names, {**extra, TEST_QUANTILES: quantiles_of(together.predicted)})
    (folder / METRICS).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (folder / NAME).write_bytes(pack_predictions(together))
    folders = "".join(
        f"{part['folder']:<24}the export of {part['study']}, test {part['test_spearman']:.3f}\n"
        for part in result[PARTS]
    )
    (folder / "README.txt").write_text(_README.format(**result, folders=folders), encoding="utf-8")
