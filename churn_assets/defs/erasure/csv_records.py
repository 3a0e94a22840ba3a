"""The records of a CSV file with their text, so that a file can be written again without some and else unchanged."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from churn_assets.defs.erasure.tombstones import typed_id
from churn_assets.defs.erasure.traces import KEY_COLUMNS, Traces
from churn_assets.landing.csv import DELIMITERS

# Bytes that are no UTF-8 come back as they were.
csv.field_size_limit(sys.maxsize)  # words of users may be long
ENCODING, ERRORS = "utf-8", "surrogateescape"


@dataclass(frozen=True)
class CsvRecord:
    """Text and values by column in lower case; of the header, there are none. It may span several lines."""

    text: str
    values: dict[str, str]

    def is_theirs(self, traces: Traces) -> bool:
        if "user_id" in self.values:
            return self.values["user_id"] in traces.users
        return self.values.get("order_id") in traces.orders or any(
            self.values.get(key) in traces.keys for key in KEY_COLUMNS
        )


def csv_records(file: Path) -> Iterator[CsvRecord]:
    """The header first."""
    with file.open(encoding=ENCODING, errors=ERRORS, newline="") as handle:
        lines = handle.readlines()
    if not lines:
        return
    reader = csv.reader(lines, delimiter=max(DELIMITERS, key=lines[0].count))
    names = [name.removeprefix("\ufeff").strip().lower() for name in next(reader)]
    yield CsvRecord("".join(lines[: reader.line_num]), {})
    read = reader.line_num
    for values in reader:
        named = {name: typed_id(value) for name, value in zip(names, values, strict=False)}
        yield CsvRecord("".join(lines[read : reader.line_num]), named)
        read = reader.line_num
