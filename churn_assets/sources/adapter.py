"""The shape of an adapter. No data set and no registry here: they are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import polars as pl

from churn_assets.failures import Failure

Frame = pl.DataFrame | pl.LazyFrame
Suggested = dict[str, dict[str, str | int | None]]


# Plans for the users of a public data set are a demonstration of the workflow: no message can reach them.
DEMONSTRATION: Suggested = {"decisions": {"unknown_consent": "allow"}, "delivery": {"call": None}}
DEMONSTRATION_REASONS = {
    "decisions.unknown_consent": "The data know no consents. A plan for people in a public research data set is a "
    "demonstration: it holds no address, and no channel below has an adapter. With users of your own: deny.",
    "delivery.call": "No adapter at all: nothing of such a plan can be sent.",
}


class SourceError(Failure, ValueError, code="source"):
    """A source is missing or broken; the message names file, place, value and what to do."""


class SourceAdapter(Protocol):
    """One module per data set or shop system: it turns their files into raw tables, and writes nothing."""

    NAME: str
    """Its name in `churn load`."""
    SUMMARY: str
    """One line for the help: whose data, how many users, which years."""
    SETTINGS: Suggested
    """Sections of a churn.yaml that suits the data; written only where a home has none."""
    REASONS: Mapping[str, str]
    """Why, by `section.field`: written above the field as a comment. May be empty."""

    def tables(self, source: Path | None) -> Iterator[tuple[str, Frame]]:
        """Raw table name and frame under the raw contract, columns the source lacks left out.

        Ids are strings, timestamps naive UTC microseconds; every frame is sorted, so the same files give the same
        rows in the same order. Raises SourceError.
        """
        ...
