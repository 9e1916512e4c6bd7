"""The form of a launch: from its fields to what is asked for, and to the command that asks for the same."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data_io.errors import ConfigError, UserError
from data_io.files import write_atomically
from data_io.splits import PROTOCOLS
from search.service.defaults import ARCHITECTURE, SEED, SPLIT, TRIALS
from search.service.launching import Launch
from search.study.workspace import Workspace

NAMES_AT_ONCE = 1000
ANSWERS = {"yes": True, "no": False}
DEFAULTS: dict[str, Sequence[str]] = {
    "trials": [str(TRIALS)],
    "seed": [str(SEED)],
    "split": [SPLIT],
    "arch": [ARCHITECTURE],
}

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Upload:
    """A file that came with a form."""

    name: str
    content: bytes


def read_form(fields: Fields, folders: Sequence[Path], space: Path | None = None) -> Launch:
    """Give what the fields of the form ask for.

    Parameters
    ----------
    fields : dict of str to list of str
        data, protein, more, everything, arch, trials, hours, epochs, seed, split, finalists, members and
        refit; those that are missing or empty are left to the defaults.
    folders : sequence of Path
        The folders of measurements to choose from: a browser cannot name others.
    space : Path, optional
        A search space of one's own.

    Raises
    ------
    ConfigError
        Naming the field, where its value is of no use.
    """
    names = [name.strip() for text in _all(fields, "protein", "more") for name in text.splitlines()]
    architectures = () if space is not None else tuple(fields.get("arch", ()))
    split = _first(fields, "split") or SPLIT
    if split not in PROTOCOLS:
        raise ConfigError(f"split {split!r}: unknown; choose {' or '.join(PROTOCOLS)}")
    trials, seed = _number(fields, "trials", 1), _number(fields, "seed", 0)
    return Launch(
        data=_folder(_first(fields, "data"), folders),
        trials=TRIALS if trials is None else trials,
        seed=SEED if seed is None else seed,
        split=split,
        names=tuple(name for name in names if name)[:NAMES_AT_ONCE],
        everything=bool(_first(fields, "everything")),
        architectures=architectures,
        space=space,
        epochs=_number(fields, "epochs", 1),
        finalists=_number(fields, "finalists", 1),
        members=_number(fields, "members", 1),
        refit=_refit(fields),
        hours=_decimal(fields, "hours"),
    )


def command_line(launch: Launch, workspace: Workspace) -> str:
    """Give the command that queues the same studies."""
    numbers = {name: getattr(launch, name) for name in ("epochs", "finalists", "members")}
    hours = None if launch.hours is None else f"{launch.hours:.15g}"
    options = {"trials": launch.trials, "hours": hours, "seed": launch.seed, **numbers}
    words = ["rbptune", "launch", *(["--all"] if launch.everything else launch.names)]
    words += ["--data", str(launch.data)]
    words += [word for name in launch.architectures for word in ("--arch", name)]
    words += [] if launch.space is None else ["--space", str(launch.space)]
    words += [
        word for name, value in options.items() if value is not None for word in (f"--{name}", str(value))
    ]
    words += [] if launch.refit is None else ["--refit" if launch.refit else "--no-refit"]
    words += [] if launch.split == SPLIT else ["--split", launch.split]
    return shlex.join([*words, "--detach", *place_options(workspace)])


def place_options(workspace: Workspace) -> list[str]:
    """Give the options that lead a command to the workspace; the database's address may hold a password."""
    storage = [] if workspace.url is None else ["--storage", "ADDRESS"]
    return ["--workspace", str(workspace.root.resolve()), *storage]


@contextmanager
def kept_space(upload: Upload | None, workspace: Workspace) -> Iterator[Path | None]:
    """Keep an uploaded space in the workspace, for the command line; not where the block raises.

    Raises
    ------
    UserError
        As the block does, with the file's own name in the message.
    """
    if upload is None:
        yield None
        return
    digest = hashlib.sha256(upload.content).hexdigest()[:8]
    stem = re.sub(r"[^\w.-]+", "_", Path(upload.name).stem, flags=re.ASCII)[:60].strip("._-") or "space"
    path = workspace.spaces / f"{stem}-{digest}.toml"
    known = path.is_file()
    if not known:
        with write_atomically(path) as temporary:
            temporary.write_bytes(upload.content)
    try:
        yield path
    except UserError as error:
        if not known:
            path.unlink(missing_ok=True)
        raise type(error)(str(error).replace(str(path), upload.name)) from error


def _folder(chosen: str, folders: Sequence[Path]) -> Path:
    if not folders:
        raise ConfigError("no measurements are known here; start rbptune serve with --data FOLDER")
    found = [folder for folder in folders if str(folder) == chosen] or ([] if chosen else folders[:1])
    if not found:
        raise ConfigError(f"data {chosen[:200]!r}: not a folder of this workspace; choose one of the list")
    return found[0]


def _refit(fields: Fields) -> bool | None:
    answer = _first(fields, "refit")
    if answer not in ("", *ANSWERS):
        raise ConfigError(f"refit {answer[:20]!r}: must be {' or '.join(ANSWERS)}")
    return ANSWERS.get(answer)


def _number(fields: Fields, name: str, least: int) -> int | None:
    text = _first(fields, name)
    if not text:
        return None
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < least:
        raise ConfigError(f"{name} {text[:20]!r}: not a whole number from {least} on")
    return int(text)


def _decimal(fields: Fields, name: str) -> float | None:
    text = _first(fields, name)
    try:
        return float(text) if text else None
    except ValueError as error:
        raise ConfigError(f"{name} {text[:20]!r}: not a number") from error


def _first(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "").strip()


def _all(fields: Fields, *names: str) -> list[str]:
    return [text for name in names for text in fields.get(name, ())]
