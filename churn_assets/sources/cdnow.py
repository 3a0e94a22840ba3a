"""CDNOW: purchases of the users who first bought in early 1997 at an online music shop, 1997-01 to 1998-06.

Source: Fader & Hardie, files CDNOW_master.txt (user, date YYYYMMDD, CDs, dollars) and CDNOW_sample.txt (the same with
the sample's own user number in the second column). Only `orders` can be made of it: what was bought is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from churn_assets.sources.adapter import DEMONSTRATION, DEMONSTRATION_REASONS, Frame, SourceError, Suggested

NAME = "cdnow"
SUMMARY = "CDNOW, an online music shop: 23,570 users, orders of 1997-01 to 1998-06 (--from CDNOW_master.txt)"
SETTINGS: Suggested = {
    "calendar": {"start": "1997-01-02", "cadence": "weekly"},
    "churn": {"horizon_days": 90, "gap_days": 0, "active_within_days": None},
    **DEMONSTRATION,
}
REASONS: Mapping[str, str] = {
    "calendar.start": "A Thursday: 1998-01-01 is then a snapshot, the date the published figures are for.",
    "churn.horizon_days": "83.8 % are silent in the 90 days after that date, more in fewer.",
    "churn.active_within_days": "null: everyone who ever bought counts.",
    **DEMONSTRATION_REASONS,
}

_WIDTHS = (4, 5)  # columns of the master file, of the sample file
_DATE = re.compile(r"\d{8}")  # strptime alone would take 199711 for 1997-01-01


def tables(source: Path | None) -> Iterator[tuple[str, Frame]]:
    """`orders`: one row per purchase; amounts in US dollars, 0.00 among them. Dates have no time: 00:00."""
    if source is None or not source.is_file():
        raise SourceError(f"{NAME}: no file {source or 'given'}; name CDNOW_master.txt or CDNOW_sample.txt with --from")
    rows = list(_purchases(source))
    if not rows:
        raise SourceError(f"{source}: no purchase in it; CDNOW_master.txt has 69,659")
    yield "orders", _orders(rows)


def _purchases(file: Path) -> Iterator[tuple[str, datetime, int, float]]:
    """User, day, CDs, dollars of each line; the first line may be a header, blank lines are skipped."""
    widths: tuple[int, ...] = _WIDTHS
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            fields = line.split()
            if not fields or (number == 1 and not fields[0].isdigit()):
                continue
            if len(fields) not in widths:
                expected = " or ".join(str(width) for width in widths)
                raise SourceError(
                    f"{file}, line {number}: {len(fields)} columns, expected {expected}: {line.strip()!r}"
                )
            widths = (len(fields),)
            day, quantity, dollars = fields[-3:]
            try:
                yield fields[0], _date(day), int(quantity), float(dollars)
            except ValueError as error:
                place = f"{file}, line {number}: {line.strip()!r}"
                raise SourceError(f"{place}: {error}; the last columns must be date, CDs, dollars") from error


def _date(text: str) -> datetime:
    if not _DATE.fullmatch(text):
        raise ValueError(f"date {text!r} is not YYYYMMDD")
    return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - the project stores naive UTC


def _orders(rows: list[tuple[str, datetime, int, float]]) -> pl.DataFrame:
    """The source has no order id: user, date and a running number of the day's purchases, smallest first."""
    schema = {
        "user_id": pl.String(),
        "ordered_at": pl.Datetime("us"),
        "quantity": pl.Int64(),
        "amount": pl.Float64(),
    }
    purchases = pl.DataFrame(rows, schema=schema, orient="row").sort("user_id", "ordered_at", "amount", "quantity")
    running_number = pl.int_range(1, pl.len() + 1).over("user_id", "ordered_at").cast(pl.String)
    order_id = pl.concat_str("user_id", pl.col("ordered_at").dt.strftime("%Y%m%d"), running_number, separator="-")
    return purchases.select(order_id.alias("order_id"), "user_id", "ordered_at", "amount")
