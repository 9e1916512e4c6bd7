"""What the option parser says of a mistake, in the form of all other errors: what, value, remedy."""

from __future__ import annotations

import re
from typing import Any

_PREFIX = re.compile(r"(Input|Value error, '.*?') (?=should|is )")


def explain(error: Any) -> str:
    """Put an exception of the option parser into one line.

    Parameters
    ----------
    error : ClickException
    """
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "rbptune"
    return f"{_problem(error).rstrip('.')}; see {command} --help"


def _problem(error: Any) -> str:
    """Name option, value and what is wrong; the parser keeps the value in the error beneath."""
    details = getattr(error.__cause__, "errors", None)
    if details is None or not getattr(error, "param", None):
        return str(error.format_message())
    first = details()[0]
    # "Input should be a valid integer, unable to parse ...", "Value error, 'x' is not one of ..."
    text = _PREFIX.sub("", first["msg"]).split(", unable to")[0]
    option = next((name for name in error.param.opts if name.startswith("--")), error.param.name)
    return f"{option} {first['input']!r}: {text}"
