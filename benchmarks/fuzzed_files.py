"""How one file of a fuzzed landing is written: columns in some spelling, as CSV, JSON or Parquet, packed or not."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.packing import packed

Row = dict[str, Any]  # column -> what the file holds
DELIMITERS = {"csv": ",", "tsv": "\t", "semicolon": ";"}


@dataclass
class FuzzedFile:
    """Rows of one file. `name` within the landing, `form`: csv, tsv, semicolon, json, ndjson or parquet."""

    name: str
    form: str
    rows: list[Row] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


def write_file(folder: Path, file: FuzzedFile, encoding: str, *, has_whole_ids: bool, chance: random.Random) -> None:
    """Write the file into the landing. `has_whole_ids`: ids may be stored as whole numbers."""
    path = folder / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {name: chance.choice([name, name, name.upper(), name.title()]) for name in file.columns}
    rows = [{names[name]: row[name] for name in file.columns} for row in file.rows]
    if file.form == "parquet":
        _write_parquet(path, rows, names, has_whole_ids=has_whole_ids, chance=chance)
    elif file.form in DELIMITERS:
        path.write_bytes(packed(_as_csv(rows, names, DELIMITERS[file.form], chance).encode(encoding), path.name))
    else:
        path.write_bytes(packed(_as_json(rows, file.form).encode(), path.name))


def _write_parquet(
    path: Path, rows: list[Row], names: Mapping[str, str], *, has_whole_ids: bool, chance: random.Random
) -> None:
    schema: dict[str, Any] = dict.fromkeys(names.values(), pl.String)
    schema |= {names[name]: pl.Float64 for name in ("amount", "discount_amount")}
    schema |= {
        names[name]: pl.Datetime("us") for name in ("ordered_at", "delivered_at", "ingested_at") if name in names
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    kind = chance.choice([pl.String, pl.Binary, pl.Int64])
    if kind == pl.Binary or (kind == pl.Int64 and has_whole_ids):
        frame = frame.with_columns(pl.col(names["order_id"], names["user_id"]).cast(kind))
    frame.write_parquet(path)


def _as_json(rows: list[Row], form: str) -> str:
    texts = [json.dumps({k: v for k, v in row.items() if v != ""}, ensure_ascii=False) for row in rows]
    return "\n".join(texts) + "\n" if form == "ndjson" else f"[{', '.join(texts)}]"


def _as_csv(rows: list[Row], names: Mapping[str, str], delimiter: str, chance: random.Random) -> str:
    end = chance.choice(["\n", "\n", "\r\n"])

    def cell(value: Any) -> str:
        text = "" if value is None else str(value)
        must = any(sign in text for sign in (delimiter, '"', "\t", "\n"))
        return '"' + text.replace('"', '""') + '"' if must or chance.random() < 0.05 else text

    lines = [delimiter.join(names.values())]
    lines += [delimiter.join(cell(value) for value in row.values()) for row in rows]
    return end.join(lines) + end
