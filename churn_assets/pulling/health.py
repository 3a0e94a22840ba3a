"""Whether the sources that are pulled answer, have the tables and columns that mapping.yaml names, and were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from churn_assets.instance.home import Home
from churn_assets.pulling.addresses import answers
from churn_assets.pulling.database import connected, needed
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.pull import newest_readings
from churn_assets.pulling.table import names_of
from churn_assets.settings.mapping import SourceFiles


@dataclass(frozen=True)
class SourceHealth:
    """`read_at`: when all of its tables were last read, naive UTC; None: not yet. `problem`: None where it answers."""

    name: str
    read_at: datetime | None
    problem: str | None

    def __str__(self) -> str:
        read = f"last read {self.read_at:%Y-%m-%d %H:%M} UTC" if self.read_at else "not read yet (churn pull)"
        return f"source {self.name}: {read}, {'cannot be read now' if self.problem else 'answers'}"


def health(home: Home) -> Sequence[SourceHealth]:
    """Asks each source, and reads no row."""
    readings = newest_readings(home)
    return [SourceHealth(source.name, readings[source.name], _problem(source)) for source in home.mapping.pulled]


def _problem(source: SourceFiles) -> str | None:
    try:
        if source.uri:
            answers(source)
            return None
        with connected(source) as database:
            for made in source.tables.values():
                needed(database.columns(made), names_of(made))
    except PullError as error:
        return str(error)
    return None
