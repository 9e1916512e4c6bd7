"""What was predicted for the probes of a test, beside what was measured: a table to look further with."""

import gzip
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from data_io.alphabet import decode, encode
from data_io.errors import DataError

NAME = "test_predictions.tsv.gz"
_SEQUENCE, _MEASURED, _PREDICTED, _MEMBER = "RNA_Seq", "measured", "predicted", "member_"


@dataclass(frozen=True)
class Predictions:
    """Measured and predicted log intensities, in standard deviations as the networks saw them.

    Attributes
    ----------
    codes : uint8 array, shape (n, 41)
    measured : float32 array, shape (n,)
        NaN where nothing was measured.
    members : float32 array, shape (members, n)
        What each member of the ensemble predicts.
    """

    codes: npt.NDArray[np.uint8]
    measured: npt.NDArray[np.float32]
    members: npt.NDArray[np.float32]

    @property
    def predicted(self) -> npt.NDArray[np.float32]:
        """The ensemble's prediction, shape (n,): the mean of the members'."""
        return mean_of(self.members)

    def __len__(self) -> int:
        return len(self.codes)


def mean_of(members: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give the prediction of an ensemble: (members, n) -> (n,)."""
    mean: npt.NDArray[np.float32] = np.mean(members, axis=0, dtype=np.float32)
    return mean


def pack_predictions(predictions: Predictions) -> bytes:
    """Give the table as gzipped TSV; the same values give the same bytes, and are read back bit for bit.

    Its columns are RNA_Seq, measured, predicted, and member_0, member_1 ... in the order of the members.
    """
    columns = {
        _SEQUENCE: decode(predictions.codes),
        _MEASURED: predictions.measured,
        _PREDICTED: predictions.predicted,
        **{f"{_MEMBER}{number}": each for number, each in enumerate(predictions.members)},
    }
    text = io.BytesIO()
    pl.DataFrame(columns).write_csv(text, separator="\t")
    return gzip.compress(text.getvalue(), compresslevel=6, mtime=0)


def read_predictions(path: str | Path) -> Predictions:
    """Read a table of `pack_predictions`.

    Raises
    ------
    DataError
        When the file cannot be read or is no such table.
    """
    path = Path(path)
    try:
        return unpack_predictions(path.read_bytes())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"{path}: cannot be read ({reason}); restore it from a copy") from error
    except (ValueError, EOFError, pl.exceptions.PolarsError, DataError) as error:
        first = next(iter(str(error).splitlines()), "empty")
        raise DataError(f"{path}: not a table of predictions ({first}); restore it from a copy") from error


def unpack_predictions(content: bytes) -> Predictions:
    """Undo `pack_predictions`.

    Raises
    ------
    ValueError, EOFError, DataError or one of polars'
        When it is something else.
    """
    try:
        text = gzip.decompress(content)
    except OSError as error:  # what is no gzip
        raise ValueError(str(error)) from error
    header = text.split(b"\n", 1)[0].decode().split("\t")
    members = [name for name in header if name.startswith(_MEMBER)]
    if header[:3] != [_SEQUENCE, _MEASURED, _PREDICTED] or members != header[3:] or not members:
        raise ValueError(f"its columns are {', '.join(header)[:80]}")
    types = {name: pl.String if name == _SEQUENCE else pl.Float32 for name in header}
    table = pl.read_csv(text, separator="\t", schema=types)
    codes, _ = encode(table[_SEQUENCE].to_list())
    columns = np.stack([table[name].to_numpy() for name in members])
    return Predictions(codes, table[_MEASURED].to_numpy(), columns)
