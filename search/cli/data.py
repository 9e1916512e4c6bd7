"""Commands about measurements: simulate, fetch, proteins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from search.cli.options import DataOption, JsonOption, console, show


def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    probes: Annotated[
        int | None,
        typer.Option(help="Probes, both sets together.", show_default="24000, or the whole design"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of sequences, motifs and noise.")] = 0,
    experiments: Annotated[int, typer.Option(help="Experiments, each with a motif of its own.")] = 6,
    design: Annotated[
        Path | None, typer.Option(help="Take the sequences of a probe design file (.tsv.gz) instead.")
    ] = None,
) -> None:
    """Write simulated measurements, with planted motifs."""
    from data_io.simulate import simulate as write

    planted = write(out, probes=probes, seed=seed, design=design, experiments=experiments)
    console().print(f"{len(planted)} experiments written to {out}; rbptune proteins --data {out} lists them")


def fetch(out: Annotated[Path, typer.Option("--out", help="Folder to write.")]) -> None:
    """Download the published measurements (about 180 MB)."""
    from data_io.download import fetch as download
    from search.cli.bars import download_bar

    with download_bar(console()) as on_progress:
        download(out, on_progress=on_progress)
    console().print(f"written to {out}; rbptune proteins --data {out} lists the experiments")


def proteins(data: DataOption, as_json: JsonOption = False) -> None:
    """List the experiments that were measured."""
    from dataclasses import asdict

    from data_io.experiments import match_experiments, read_master_sheet
    from data_io.folder import find_files
    from data_io.rnacompete import measured_experiments

    files = find_files(data)
    matched = match_experiments(read_master_sheet(files.sheet), measured_experiments(files.matrix))
    rows = [asdict(e) for e in matched.require_some(files.sheet, files.matrix)]
    show(rows, as_json, {"motif_id": "Experiment", "protein": "Protein", "species": "Species"})
