"""Commands about finished studies: the report card, and what is handed over."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_io.errors import ConfigError, StorageError, StudyError
from search.cli.options import (
    ArchOption,
    DataOption,
    JsonOption,
    StorageOption,
    WorkspaceOption,
    console,
    read_rows,
    say_written,
    show,
)
from search.study.workspace import DEFAULT, Workspace

if TYPE_CHECKING:
    from search.service.reproducing import Comparison

COMPARED = {
    "of": "Of",
    "figure": "Figure",
    "recorded": "Recorded",
    "again": "Again",
    "difference": "Difference",
}


def report(
    name: Annotated[str, typer.Argument(help="Protein or RNCMPT id.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write.", show_default="report.html with the study's artifacts"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the measurements.", show_default="where the study found them"),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Gather the evidence again.")] = False,
    arch: ArchOption = "cnn",
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
) -> None:
    """Write the report card of a finished study: one page that opens anywhere.

    Gathers the evidence first (motifs, noise ceiling, baselines, verdict) where the study has none yet.
    """
    from search.service.reporting import report_study
    from search.study.status import find_study

    place = Workspace(workspace, storage)
    study = find_study(read_rows(place), name, arch)
    say_written(report_study(place, study["study"], out, data, again))


def export(
    out: Annotated[Path, typer.Option("--out", help="Folder to write; with --zip, the archive.")],
    name: Annotated[str | None, typer.Argument(help="Protein or RNCMPT id.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every finished study, with an index.")] = False,
    as_zip: Annotated[bool, typer.Option("--zip", help="Write one zip archive instead.")] = False,
    arch: ArchOption = "cnn",
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
) -> None:
    """Hand over finished studies: model, config, figures, predictions, motifs and report."""
    if everything == (name is not None):
        raise ConfigError("export: name a protein or give --all, one of both")
    place = Workspace(workspace, storage)
    if not as_zip:
        _export(place, name, arch, out, out)
        return
    archive = out if out.suffix.lower() == ".zip" else out.with_name(f"{out.name}.zip")
    if archive.is_dir():
        raise StorageError(f"{archive}: is a folder; give the name of a file")
    with tempfile.TemporaryDirectory(prefix="rbptune-") as beside:
        from search.results.fleet import zip_folder

        _export(place, name, arch, Path(beside, "export"), archive)
        zip_folder(Path(beside, "export"), archive)


def _export(place: Workspace, name: str | None, arch: str, out: Path, shown: Path) -> None:
    """Export the study of a name, or all that are done; say that they are in `shown`."""
    from search.results.export import export_study
    from search.results.fleet import Source, export_all
    from search.service.reporting import history_of
    from search.study.status import find_study

    rows = read_rows(place)
    if name is not None:
        study = find_study(rows, name, arch)["study"]
        export_study(place.artifacts(study), out, lambda: history_of(place, study))
        use = f"; rbptune predict {shown} FILE.fasta uses it" if out == shown else ""
        console().print(f"{study} written to {shown}{use}")
        return
    done = [row["study"] for row in rows if row["state"] == "done"]
    if not done:
        raise StudyError(f"{place.root}: no study is done yet; rbptune status shows how far they are")
    sources = [Source(study, place.artifacts(study), partial(history_of, place, study)) for study in done]
    if failed := export_all(sources, out, _say_exported):
        console().print(f"{len(failed)} of {len(done)} could not be exported")
    written = len(done) - len(failed)
    console().print(f"written to {shown}: {written} {'study' if written == 1 else 'studies'}, index.html")
    if failed:
        raise typer.Exit(1)


def _say_exported(study: str, problem: str | None) -> None:
    console().print(f"{study}: {problem or 'exported'}")


def reproduce(
    export_dir: Annotated[Path, typer.Argument(help="Folder of an export.", show_default=False)],
    data: DataOption,
    within: Annotated[
        float, typer.Option(min=0, help="Difference of a figure up to which it counts as the same.")
    ] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Train the members of an export again, and say whether the figures agree; exit code 1 if not.

    On the same machine with the same versions they agree bit for bit. The test set is not opened again: what
    was measured for its probes is taken from the export.
    """
    from search.service.reproducing import reproduce as train_again

    found = train_again(export_dir, data, said=_say_epoch)
    show([_comparison(each) for each in found.comparisons], as_json, COMPARED)
    for name, (then, now) in found.versions.items():
        console().print(f"{name} was {then}, now {now}")
    if found.same_predictions is None:
        console().print("the export has no predictions of the test, so that its figures are not compared")
    if found.exact:
        console().print("agrees bit for bit: weights, predictions and figures")
        return
    weights = "the same" if found.same_weights else "others"
    console().print(f"differs: weights {weights}, figures by up to {found.largest:.2g}")
    if found.largest > within:
        raise typer.Exit(1)
    console().print(f"agrees within {within:g}")


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {**asdict(comparison), "difference": comparison.difference}


def _say_epoch(member: int, epoch: int) -> None:
    console().print(f"member {member + 1}: epoch {epoch}")
