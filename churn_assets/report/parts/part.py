"""What all parts of the page share: the facts, the language, and how an arm and an interval are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from churn_assets.report.estimate import Estimate
from churn_assets.report.facts import Facts
from churn_assets.report.language import UNKNOWN, Words


@dataclass(frozen=True)
class Figure:
    """One of the figures at the top."""

    value: str
    text: str


@dataclass(frozen=True)
class Part:
    """Sentences and rows of one part of the page in one language. No figure is worked out here."""

    facts: Facts
    t: Words

    def blank(self) -> str:
        """What stands between two sentences."""
        return "" if self.t.language == "zh" else " "

    def arm(self, treatment: str) -> str:
        return treatment.replace("_", " ")

    def estimate(self, estimate: Estimate | None, shown: Callable[[float], str] | None = None) -> str:
        """A figure with its interval; `shown`: how each number is written, money where nothing is said."""
        if estimate is None:
            return UNKNOWN
        form = shown or self.t.money
        return f"{form(estimate.value)} {self.t.interval(estimate.low, estimate.high, form)}"

    def signed(self, number: float) -> str:
        text = self.t.number(number, 1)
        return text if number < 0 else f"+{text}"
