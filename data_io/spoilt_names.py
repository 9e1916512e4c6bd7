"""What spreadsheet programs make of names: SEPT2 becomes a date, a lookup an error."""

import re

_ERRORS = {"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_GENES = {"Mar": "MARCH", "Sep": "SEPT"}  # what names of genes call them
_MONTH = f"(?P<name>{'|'.join(_MONTHS)})"
_DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<day>\d\d?)[- ]{_MONTH}([- ](\d\d|\d{{4}}))?",  # 2-Sep
        rf"{_MONTH}-(?P<day>\d\d)",  # Sep-02
        r"\d{4}-(?P<month>\d\d)-(?P<day>\d\d)([ T]\d\d:\d\d(:\d\d)?)?",
        r"\d\d?([/.])\d\d?\1(\d\d|\d{4})",  # which is the month is not known
    )
]


def find_spoilt(text: str) -> str | None:
    """Say what is wrong with a cell whose name a spreadsheet program has spoilt, and what to do."""
    if text.upper() in _ERRORS:
        return f"holds the error {text}; correct it"
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            parts = found.groupdict()
            name = (parts.get("name") or "").capitalize()
            month = _MONTHS.index(name) + 1 if name else int(parts.get("month") or 0)
            return describe_date(text, month, int(parts.get("day") or 0))
    return None


def describe_date(text: str, month: int = 0, day: int = 0) -> str:
    """Say that a cell is a date, and what name likely stood there; 0 for a month that is not known."""
    origin = "a name"
    if 1 <= month <= 12:
        name = _MONTHS[month - 1]
        origin = f"a name such as {_GENES.get(name, name.upper())}{day}"
    remedy = "type the name again, in a cell formatted as text"
    return f"is the date {text}, which spreadsheet programs make of {origin}; {remedy}"
