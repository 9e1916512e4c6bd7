"""Make one model of the exports of several studies of an experiment, of both architectures for example."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_io.errors import StudyError
from data_io.predictions import NAME, Predictions, pack_predictions, read_predictions
from search.results.export import METRICS, read_metrics, replaced_at_the_end

_SAME = "experiment", "split", "fingerprint"
_README = """\
{architecture} for {protein} ({experiment}, {species}), made by rbptune

The members of several exports as one ensemble, whose mean is the prediction. Spearman correlation of
prediction and measurement on the test probes: {test_spearman:.3f}. No test set was opened for it: the figure
is of the predictions that the tests of the exports left.

{parts}
config.json             which folders have the members
metrics.json            the figures
test_predictions.tsv.gz measured and predicted values of the test probes

In this folder, to score sequences:

    rbptune predict . sequences.fasta --out scores.tsv

The table is that of any export (see README.txt in a folder), but that percentile is the share of the test
probes, not of the training probes, that are predicted lower.
"""


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
    from models.weights import load_model

    if len(exports) < 2:
        raise StudyError("combine: give two exports or more")
    target = out.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError(f"{out}: holds other files; give a new or empty folder to --out")
    figures = [read_metrics(export) for export in exports]
    _check_same(exports, figures)
    for export in exports:
        load_model(export)
    together = _together(exports)
    names = [f"{number}-{each['architecture']}" for number, each in enumerate(figures, start=1)]
    result = _figures(together, names, figures)
    with replaced_at_the_end(out, target) as folder:
        for export, name in zip(exports, names, strict=True):
            shutil.copytree(export, folder / name)
        _write(folder, result, together, names)
    return result


def _check_same(exports: Sequence[Path], figures: Sequence[Mapping[str, Any]]) -> None:
    """Refuse exports of different experiments, splits or data, and one that is given twice."""
    if len({export.resolve() for export in exports}) < len(exports):
        raise StudyError("combine: an export is given twice")
    first = _origin(figures[0])
    for export, each in zip(exports[1:], figures[1:], strict=True):
        for what, ours, other in zip(_SAME, first, _origin(each), strict=True):
            if ours != other:
                raise StudyError(
                    f"{export}: its {what} is {other}, that of {exports[0]} {ours}; combine exports of one"
                )


def _origin(figures: Mapping[str, Any]) -> tuple[Any, ...]:
    provenance = figures.get("provenance") or {}
    return figures["experiment"], provenance.get("spec", {}).get("split"), provenance.get("fingerprint")


def _together(exports: Sequence[Path]) -> Predictions:
    """The predictions of all members for the probes of the test."""
    first, *others = (read_predictions(export / NAME) for export in exports)
    for export, other in zip(exports[1:], others, strict=True):
        same = np.array_equal(first.codes, other.codes)
        if not (same and np.array_equal(first.measured, other.measured, equal_nan=True)):
            raise StudyError(f"{export / NAME}: of other probes than {exports[0] / NAME}; export both again")
    members = np.concatenate([each.members for each in (first, *others)])
    return Predictions(first.codes, first.measured, members)


def _figures(
    together: Predictions, names: Sequence[str], figures: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    from models.metrics import pearson, spearman

    first = figures[0]
    kept = "study", "tested_at", "val_spearman", "test_spearman", "test_pearson"
    architecture = "+".join(each["architecture"] for each in figures)
    return {
        "study": f"{first['protein']}/{first['experiment']}/{architecture}",
        "protein": first["protein"],
        "experiment": first["experiment"],
        "species": first["species"],
        "architecture": architecture,
        "members": len(together.members),
        "test_spearman": spearman(together.predicted, together.measured),
        "test_pearson": pearson(together.predicted, together.measured),
        "parts": [
            {"folder": name, **{key: each.get(key) for key in kept}}
            for name, each in zip(names, figures, strict=True)
        ],
    }


def _write(folder: Path, result: Mapping[str, Any], together: Predictions, names: Sequence[str]) -> None:
    from models.weights import TEST_QUANTILES, quantiles_of, save_parts

    save_parts(folder, names, {TEST_QUANTILES: quantiles_of(together.predicted)})
    (folder / METRICS).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (folder / NAME).write_bytes(pack_predictions(together))
    parts = "".join(
        f"{part['folder']:<24}the export of {part['study']}, test {part['test_spearman']:.3f}\n"
        for part in result["parts"]
    )
    (folder / "README.txt").write_text(_README.format(**{**result, "parts": parts}), encoding="utf-8")
