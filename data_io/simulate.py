"""Simulated RNAcompete data in the published layout, with known motifs planted."""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt

from data_io.alphabet import decode, encode
from data_io.errors import DataError
from data_io.experiments import COLUMNS, SHEET
from data_io.files import write_atomically
from data_io.folder import MATRIX_NAMES, SHEET_NAMES
from data_io.outputs import check_output
from data_io.planting import Affinity, PlantedMotif, plan
from data_io.sheets import read_table

DEFAULT_PROBES = 24_000
FEWEST_PROBES = 1_000
PLANTED = "planted.json"
SHEET_NAME = SHEET_NAMES[0]

_LENGTHS = np.array([30, 35, 38, 39, 41])
_SHARES = np.array([0.15, 0.26, 0.57, 0.015, 0.005])  # as on the real array
_SHARE_REPEATED = 0.09
_ROWS_AT_ONCE = 4096


def simulate(
    out: str | Path,
    probes: int | None = None,
    seed: int = 0,
    design: str | Path | None = None,
    experiments: int = 6,
    *,
    compress: bool = False,
    header_blanks: bool = False,
) -> list[PlantedMotif]:
    """Write an intensity matrix, its master sheet and planted.json, which tells what was planted.

    Parameters
    ----------
    out : str or Path
        The folder, made if missing. One that holds measured data is refused.
    probes : int, optional
        Rows of the matrix, about half of them in Set A. Default: 24,000, or the whole design.
    seed : int
        The same seed gives the same matrix, byte for byte. Default: 0.
    design : str or Path, optional
        A table with the columns Probe_Set and RNA_Seq (tab separated, may be compressed) whose probes are
        used. Default: random sequences of 30 to 41 letters, some of them twice in a set.
    experiments : int
        Columns of the matrix. The second and third measure one protein in two species; the third misses a
        third of its values, the others under 1 %. Default: 6.
    compress : bool
        Write norm_data.txt.gz in place of norm_data.txt. Default: False.
    header_blanks : bool
        Put blanks around some header cells, as the published file has. Default: False.

    Returns
    -------
    list of PlantedMotif
        One an experiment.

    Raises
    ------
    DataError
        When too few probes or experiments are asked for, or the folder holds other data.
    StorageError
        When the folder cannot be written to.
    """
    out = Path(out)
    _check(out, probes, experiments)
    for name in (*MATRIX_NAMES, SHEET_NAME):
        check_output(out / name, [] if design is None else [Path(design)])
    if design is None:
        sequences, sets = _random_probes(probes or DEFAULT_PROBES, np.random.default_rng([seed, 2]))
    else:
        sequences, sets = _read_design(Path(design), probes)
    motifs = plan(experiments, seed)
    intensities = _measure(sequences, motifs, seed)
    _write_sheet(out / SHEET_NAME, motifs)
    plain, packed = MATRIX_NAMES
    (out / (plain if compress else packed)).unlink(missing_ok=True)
    order = np.random.default_rng([seed, 3]).permutation(len(motifs))  # the published columns are not sorted
    header = [motifs[column].motif_id for column in order]
    if header_blanks:
        header = [f" {name} " if number % 2 == 0 else name for number, name in enumerate(header)]
    _write_matrix(out / (packed if compress else plain), sequences, sets, header, intensities[:, order])
    with write_atomically(out / PLANTED) as path:  # last: where it is, the rest is complete
        path.write_text(json.dumps([asdict(motif) for motif in motifs], indent=1) + "\n")
    return motifs


def _check(out: Path, probes: int | None, experiments: int) -> None:
    if probes is not None and probes < FEWEST_PROBES:
        raise DataError(f"{probes} probes are too few to learn from; simulate at least {FEWEST_PROBES}")
    if not 1 <= experiments < 10_000:
        raise DataError(f"{experiments} experiments cannot be simulated; choose 1 to 9999")
    held = [name for name in (*MATRIX_NAMES, SHEET_NAME) if (out / name).exists()]
    if held and not (out / PLANTED).exists():
        raise DataError(f"{out}: holds a {held[0]} that was not simulated; choose another folder")


def _random_probes(count: int, random: np.random.Generator) -> tuple[list[str], list[str]]:
    sets = random.choice(["SetA", "SetB"], size=count)
    lengths = random.choice(_LENGTHS, size=count, p=_SHARES)
    codes = random.integers(0, 4, size=(count, 41), dtype=np.uint8)
    codes[:, :3] = (0, 2, 0)  # the array's probes begin with AGA or AGG
    codes[:, 2] = random.choice([0, 2], size=count, p=[0.68, 0.32])
    codes[np.arange(41) >= lengths[:, None]] = 5
    for name in ("SetA", "SetB"):
        rows = random.permutation(np.flatnonzero(sets == name))
        repeated = int(len(rows) * _SHARE_REPEATED)
        codes[rows[:repeated]] = codes[rows[repeated : 2 * repeated]]
    return decode(codes), sets.tolist()


def _read_design(path: Path, probes: int | None) -> tuple[list[str], list[str]]:
    rows = read_table(path, ("Probe_Set", "RNA_Seq"), SHEET)[:probes]
    for place, (probe_set, sequence) in rows:
        if probe_set not in {"SetA", "SetB"} or not sequence or set(sequence) - set("ACGU"):
            raise DataError(
                f"{path}: {place} has {probe_set!r}, {sequence!r}; give SetA or SetB and A, C, G, U"
            )
    return [row.cells[1] for row in rows], [row.cells[0] for row in rows]


def _measure(sequences: Sequence[str], motifs: Sequence[PlantedMotif], seed: int) -> npt.NDArray[np.float32]:
    """Draw the intensities, shape (probes, experiments)."""
    codes, lengths = encode(sequences)
    affinity = Affinity(codes, lengths)
    composition = _standardise(np.isin(codes, (0, 3)).sum(axis=1) / lengths)
    intensities = np.empty((len(codes), len(motifs)), np.float32)
    for column, motif in enumerate(motifs):
        random = np.random.default_rng([seed, 4, column])
        binding = _standardise(np.log(affinity.of(motif.motif) + 0.01))
        binding = _standardise(binding + 0.2 * composition)
        noise = random.standard_normal(len(codes), dtype=np.float32)
        latent = motif.strength * binding + np.sqrt(1 - motif.strength**2) * noise
        values = np.where(latent > 0, np.expm1(1.3 * latent) / 1.3, latent)  # a long tail upwards only
        brightest = max(5, len(values) // 3000)
        values = np.minimum(values, np.partition(values, -brightest)[-brightest])  # the scanner saturates
        missing = 1 / 3 if column == 2 else random.uniform(0.001, 0.01)
        values[random.random(len(values)) < missing] = np.nan
        intensities[:, column] = values
    return intensities


def _standardise(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    standard: npt.NDArray[np.float32] = ((values - values.mean()) / values.std()).astype(np.float32)
    return standard


def _write_sheet(path: Path, motifs: Sequence[PlantedMotif]) -> None:
    import openpyxl  # type: ignore[import-untyped]

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.append(COLUMNS)
    for motif in motifs:
        sheet.append((motif.motif_id, motif.protein, motif.species))
    with write_atomically(path) as temporary:
        book.save(temporary)


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    with path.open("wb") as raw:
        if path.suffix != ".gz":
            yield raw
        else:  # without name and time, so that the same seed gives the same bytes
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
                yield cast(IO[bytes], packed)


def _write_matrix(
    path: Path,
    sequences: Sequence[str],
    sets: Sequence[str],
    header: Sequence[str],
    intensities: npt.NDArray[np.float32],
) -> None:
    cells = "\t".join(["%.6f"] * len(header))
    with write_atomically(path) as temporary, _open(temporary) as file:
        file.write("\t".join(["Probe_ID", "Probe_Set", "RNA_Seq", *header]).encode() + b"\n")
        for start in range(0, len(sequences), _ROWS_AT_ONCE):
            rows = intensities[start : start + _ROWS_AT_ONCE].tolist()
            lines = [
                f"SIM_{start + i + 1:06d}\t{sets[start + i]}\t{sequences[start + i]}\t{cells % tuple(row)}\n"
                for i, row in enumerate(rows)
            ]
            file.write("".join(lines).replace("nan", "").encode())
