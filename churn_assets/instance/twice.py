"""What can be rebuilt from nothing else exists twice in a home: each act that adds to it renews the copies."""

from __future__ import annotations

from churn_assets.instance.condition import complete_copies
from churn_assets.instance.home import Home
from churn_assets.instance.record.second import renew_copy
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables


def keep_twice(home: Home) -> None:
    """Make the second copies that are missing, and that of the record as it is now. Raises OSError, RecordError."""
    complete_copies(Tables(home.tables, Record(home.record)))
    renew_copy(home.record, home.record_copy)
