"""Commands that use exported models: predict, variants, mutate, combine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data_io.errors import ConfigError
from data_io.outputs import STANDARD_OUTPUT
from search.cli.options import JsonOption, OutOption, console, cores, say_written, show

ExportArgument = Annotated[Path, typer.Argument(help="Folder of an export.", show_default=False)]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Refuse letters such as R (A or G), otherwise read as N.")
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="Threads that predict.", show_default="one a core")
]

COMBINED = {
    "study": "Study",
    "val_spearman": "Val",
    "test_spearman": "Test",
    "test_pearson": "Pearson",
}


def predict(
    export_dir: ExportArgument,
    sequences: Annotated[
        Path,
        typer.Argument(
            help="FASTA, a table with a column called sequence, or a sequence a line; plain or gzip; - is "
            "standard input.",
            show_default=False,
        ),
    ],
    out: OutOption = None,
    strict: StrictOption = False,
    threads: ThreadsOption = None,
    track: Annotated[
        Path | None,
        typer.Option(
            "--track",
            metavar="FILE.bedgraph",
            help="Write a score for each position, too (bedGraph), and the peaks beside it (FILE.peaks.bed).",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Lowest score of a peak's positions.", show_default="the 99th percentile of training probes"
        ),
    ] = None,
) -> None:
    """Score sequences with an exported model; write a table, .tsv or .csv.

    The score is the predicted log intensity in standard deviations from the mean of the training probes, of
    the best window of 41 where a sequence is longer. Beside it stand the spread of the ensemble's members,
    and the percentile of the score among the predictions for the training probes (for the test probes where
    exports are combined).
    """
    from search.cli.bars import reading_bar
    from search.results.predicting import predict_file
    from search.results.track_files import Tracks

    if threshold is not None and track is None:
        raise ConfigError("--threshold: is for the peaks of --track; give that, too")
    tracks = None if track is None else Tracks(track, threshold)
    table = out or STANDARD_OUTPUT
    with reading_bar(console()) as progress:
        predict_file(export_dir, sequences, table, strict, threads or cores(), progress, tracks)
    say_written(out)


def variants(
    export_dir: ExportArgument,
    fasta: Annotated[
        Path, typer.Argument(help="The sequences, as for predict; - is standard input.", show_default=False)
    ],
    table: Annotated[
        Path,
        typer.Argument(
            help="Name of the sequence, position (from 1), ref, alt; separated by tabs, or VCF.",
            show_default=False,
        ),
    ],
    out: OutOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Score substitutions: the alternative against the reference.

    Each is scored by the best of all windows of 41 that hold a letter it replaces, before and after it. The
    effect is the difference, spread the standard deviation of the members' effects. A reference that does
    not stand in the sequence is refused.
    """
    from search.results.variants import score_variants

    score_variants(export_dir, fasta, table, out or STANDARD_OUTPUT, threads or cores())
    say_written(out)


def mutate(
    export_dir: ExportArgument,
    sequence: Annotated[
        str, typer.Argument(help="A sequence, or a file of some; - is standard input.", show_default=False)
    ],
    out: OutOption = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE.svg", help="Draw a logo above a heat map; .svg or .png."),
    ] = None,
    threads: ThreadsOption = None,
) -> None:
    """Score every single substitution of a sequence; write a table, draw a picture.

    The effects are those of rbptune variants.
    """
    from search.results.mutations import mutate as write

    write(export_dir, sequence, out or STANDARD_OUTPUT, picture, threads or cores())
    say_written(out)
    say_written(picture)


def combine(
    exports: Annotated[list[Path], typer.Argument(help="Folders of exports.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    as_json: JsonOption = False,
) -> None:
    """Make one model of several exports of an experiment, of both architectures for example.

    It predicts the mean of all their members. The test figures are those of the predictions that their tests
    left: no test set is opened.
    """
    from search.results.combine import combine_exports

    result = combine_exports(exports, out)
    whole = {key: result.get(key) for key in COMBINED}
    show([*({key: part[key] for key in COMBINED} for part in result["parts"]), whole], as_json, COMBINED)
    console().print(f"written to {out}; rbptune predict {out} FILE.fasta uses it")
