"""What the progress display knows of each study, and of all together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from search.cli.pace import RETRAINING, Pace, in_words


@dataclass
class Standing:
    """How far a study is: its trials, then the retrainings, of which the last are on all of Set A."""

    best: float | None = None
    budget: int = 0
    done: int = 0
    retrainings: int = 0
    retrained: int = 0
    pruned: int = 0
    running: dict[int, str] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    @property
    def whole(self) -> float:
        """All of its work, in trials."""
        return self.budget + RETRAINING * self.retrainings

    @property
    def rest(self) -> float:
        """What is left of its work, in trials."""
        return max(self.budget - self.done, 0) + RETRAINING * (self.retrainings - self.retrained)

    @property
    def time_left(self) -> str:
        """How long that will take, as long as nothing else changes; empty while it cannot be said."""
        return in_words(self.pace.seconds(self.rest))

    @property
    def figures(self) -> str:
        """The best so far, and how many were pruned or retrained."""
        best = f"best {self.score}  " if self.score else ""
        retrained = f"retrained {self.retrained}/{self.retrainings}"
        return best + (retrained if self.retrained else f"pruned {self.pruned}")

    @property
    def score(self) -> str:
        """The best so far; empty where there is none."""
        return "" if self.best is None else f"{self.best:.3f}"


@dataclass
class Fleet:
    """How far all studies are."""

    waiting: int = 0
    pace: Pace = field(default_factory=Pace)

    def text(self, standings: Collection[Standing]) -> str:
        """Say it in a line; empty where one study is all there is."""
        if len(standings) + self.waiting < 2:
            return ""
        usual = sum(each.whole for each in standings) / max(len(standings), 1)
        rest = sum(each.rest for each in standings) + self.waiting * usual
        time_left = in_words(self.pace.seconds(rest)) if standings else ""
        counts = f"in all: {len(standings)} run, {self.waiting} wait"
        return counts + (f", {time_left} left" if time_left else "")
