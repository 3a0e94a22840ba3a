"""The shape of an adapter. No data set and no registry here: they are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import polars as pl

from churn_assets.failures import Failure

Frame = pl.DataFrame | pl.LazyFrame
Suggested = dict[str, dict[str, str | int | None]]


class SourceError(Failure, ValueError):
    """A source is missing or broken; the message names file, place, value and what to do."""


class Adapter(Protocol):
    """One module per data set or shop system: it turns their files into raw tables, and writes nothing."""

    NAME: str
    """What `churn load` calls it."""
    SUMMARY: str
    """One line for the help: whose data, how many users, which years."""
    SETTINGS: Suggested
    """Sections of a churn.yaml that suits the data; written only where a home has none."""

    def tables(self, source: Path | None) -> Iterator[tuple[str, Frame]]:
        """Raw table name and frame under the raw contract, columns the source lacks left out.

        Ids are strings, timestamps naive UTC microseconds; every frame is sorted, so the same files give the same
        rows in the same order. Raises SourceError.
        """
        ...
