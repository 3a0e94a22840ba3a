"""Types of columns of a database as Arrow, by what its driver says of them, and values as they are kept.

Whole numbers, floats, booleans, days and times keep their type. Exact decimals, identifiers, enumerations and all else
that has a text become that text, as a file would hold it. Bytes are no value of the raw contract.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from churn_assets.pulling.errors import PullError

# Numbers of types: pg_type.dat of Postgres; of MySQL pymysql.constants.FIELD_TYPE.
POSTGRES = {
    16: pa.bool_(), 20: pa.int64(), 21: pa.int64(), 23: pa.int64(), 26: pa.int64(), 700: pa.float64(),
    701: pa.float64(), 1082: pa.date32(), 1114: pa.timestamp("us"), 1184: pa.timestamp("us", "UTC"),
}  # fmt: skip
MYSQL = {
    1: pa.int64(), 2: pa.int64(), 3: pa.int64(), 4: pa.float64(), 5: pa.float64(),
    7: pa.timestamp("us", "UTC"),  # TIMESTAMP, which the server turns into the zone of the session
    8: pa.decimal128(20, 0), 9: pa.int64(), 10: pa.date32(), 12: pa.timestamp("us"), 13: pa.int64(), 16: pa.int64(),
}  # fmt: skip
OF = {"postgresql": POSTGRES, "mysql": MYSQL}


@dataclass(frozen=True)
class Column:
    """A column of a result. `place`: source and table, for messages."""

    name: str
    kind: pa.DataType
    place: str

    @property
    def is_time(self) -> bool:
        return bool(pa.types.is_timestamp(self.kind) or pa.types.is_date(self.kind))

    @property
    def is_day(self) -> bool:
        return bool(pa.types.is_date(self.kind))

    @property
    def has_zone(self) -> bool:
        """Whether its times are moments, and none of a clock somewhere."""
        return bool(pa.types.is_timestamp(self.kind) and self.kind.tz is not None)

    @property
    def is_whole(self) -> bool:
        return bool(pa.types.is_integer(self.kind) or pa.types.is_decimal(self.kind))

    def array(self, values: Sequence[Any]) -> pa.Array:
        """Raises PullError for a value of a type that is not read."""
        try:
            if self.kind != pa.string() or _is_text(values):
                with suppress(pa.ArrowInvalid, pa.ArrowTypeError):
                    return pa.array(values, self.kind)
            return pa.array([self._converted(value) for value in values], self.kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise PullError(
                f"{self.place}: column {self.name} holds a value that is no {self.kind} ({_cause(error)}): leave the "
                "column out, or cast it to text in a query"
            ) from None

    def _converted(self, value: Any) -> Any:  # noqa: PLR0911 - one line per kind
        if value is None:
            return None
        if pa.types.is_timestamp(self.kind) or pa.types.is_date(self.kind):
            return value if isinstance(value, date | datetime) else None  # 0000-00-00, no date
        if pa.types.is_decimal(self.kind):
            return Decimal(value)
        if pa.types.is_integer(self.kind):
            return int.from_bytes(value, "big") if isinstance(value, bytes) else int(value)  # bit(1) of MySQL
        if isinstance(value, str):
            return value
        if isinstance(value, bytes | bytearray | memoryview):
            raise PullError(
                f"{self.place}: column {self.name} holds bytes, which are no value of the raw contract: leave it "
                "out, or make text of it in a query"
            )
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False, default=str)
        return str(value)


def columns_of(description: Sequence[Sequence[Any]], database: str, place: str) -> list[Column]:
    """The columns of a result, by the description of its cursor (PEP 249). Raises PullError for a repeated name."""
    names = [str(each[0]) for each in description]
    twice = sorted({name for name in names if [each.lower() for each in names].count(name.lower()) > 1})
    if twice:
        raise PullError(f"{place}: column {', '.join(twice)} is there twice; give each a name of its own in a query")
    return [Column(str(each[0]), OF[database].get(each[1], pa.string()), place) for each in description]


def _is_text(values: Sequence[Any]) -> bool:
    """By the first value: a column has one type. Converted one by one, text took half of the time of reading."""
    return isinstance(next((value for value in values if value is not None), ""), str)


def _cause(error: Exception) -> str:
    """Without the value, which may be a person's."""
    return type(error).__name__
