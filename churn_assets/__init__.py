"""Early warning of churn, decisions for each user, and measured effects. In a notebook:

import churn_assets as churn

shop = churn.open("churn_home")
shop.frame("scored_users")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churn_assets.reading import OpenHome

__all__ = ["open"]


def open(home: str | Path | None = None) -> OpenHome:  # noqa: A001 - as one says it: churn.open
    """The home at `home` (default: CHURN_HOME, else ./churn_home), for reading. Raises NoSuchHome."""
    from churn_assets.reading import open_home  # noqa: PLC0415 - polars and DuckDB only where they are used

    return open_home(home)
