"""The page that launches studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_io.errors import UserError
from data_io.experiments import Experiment
from data_io.splits import PROTOCOLS
from search.strategy.space_files import shipped_architectures
from search.web.asked import Asked
from search.web.launch_form import ANSWERS, DEFAULTS, command_line, read_form
from search.web.measured import experiments_in
from search.web.site import Site


def launch(site: Site, asked: Asked) -> dict[str, Any]:
    """Give the form, filled with what the address says."""
    return form(site, asked.query)


def form(site: Site, fields: Mapping[str, Sequence[str]], problem: str = "") -> dict[str, Any]:
    """Give the form with fields filled in, and what was wrong with them."""
    filled: dict[str, Sequence[str]] = {**DEFAULTS, **fields}
    folders = site.data_folders()
    found, unread = _experiments(next(iter(filled.get("data", ())), ""), folders)
    return {
        "filled": filled,
        "folders": folders,
        "experiments": found,
        "architectures": shipped_architectures(),
        "splits": PROTOCOLS,
        "answers": list(ANSWERS),
        "command": command(site, filled, folders),
        "problem": problem or unread,
    }


def command(site: Site, fields: Mapping[str, Sequence[str]], folders: Sequence[Path]) -> str:
    """Give the command that asks for the same; where the fields ask for nothing, say why."""
    try:
        space = next(iter(fields.get("space", ())), "")  # the name of a file that is still to be sent
        asked = read_form(fields, folders, Path(space) if space else None)
    except UserError as error:
        return f"# {error}"
    if not asked.names and not asked.everything:
        return "# choose a protein"
    return command_line(asked, site.workspace)


def shown_command(site: Site, asked: Asked) -> str:
    """Give the command alone, for the page that is being filled in."""
    return command(site, asked.query, site.data_folders())


def _experiments(chosen: str, folders: Sequence[Path]) -> tuple[list[tuple[str, str]], str]:
    """Give what to type for each experiment, and what it is; and what is wrong with the folder."""
    if not folders:
        return [], ""
    folder = next((each for each in folders if str(each) == chosen), folders[0])
    try:
        found = experiments_in(folder)
    except (UserError, OSError) as error:
        return [], str(error)
    return [_named(each, found) for each in found], ""


def _named(experiment: Experiment, others: Sequence[Experiment]) -> tuple[str, str]:
    alone = sum(each.protein == experiment.protein for each in others) == 1
    name = experiment.protein if alone else experiment.motif_id
    species = experiment.species.replace("_", " ")
    return name, f"{experiment.protein}, {species}, {experiment.motif_id}"
