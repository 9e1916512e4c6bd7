"""Until when the studies of a launch shall be done, kept with each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from data_io.errors import ConfigError

MOST_HOURS = 87_600  # ten years


@dataclass(frozen=True)
class TimeBudget:
    """Hours for all studies of a launch together, from its beginning.

    Attributes
    ----------
    since : str
        When the launch was, in ISO form with its time zone.
    hours : float
    """

    since: str
    hours: float

    @property
    def end(self) -> datetime:
        """When they are over."""
        return datetime.fromisoformat(self.since) + timedelta(hours=self.hours)

    @property
    def is_over(self) -> bool:
        """Whether that was before now."""
        return self.end <= datetime.now(UTC)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, the form kept in a study."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any] | None) -> TimeBudget | None:
        """Read what `to_dict` gave; None is no budget."""
        return None if content is None else cls(**content)


def check_hours(hours: float) -> None:
    """Refuse what is no amount of time.

    Raises
    ------
    ConfigError
    """
    if not 0 <= hours <= MOST_HOURS:  # nor is it a number, then
        raise ConfigError(f"hours = {hours:g}: must be a number from 0 to {MOST_HOURS}")


def renewed(known: TimeBudget | None, hours: float | None) -> TimeBudget | None:
    """Give the budget of a study: until its hours are over they count from the first time."""
    if hours is None:
        return None
    if known is not None and not known.is_over and not (again := TimeBudget(known.since, hours)).is_over:
        return again
    return TimeBudget(datetime.now(UTC).isoformat(), hours)
