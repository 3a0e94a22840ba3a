"""Mistakes of a delivery that have to stop the reading with one error."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl

HEADER = "order_id,user_id,ordered_at,amount"
ROW = "2026-01-01,1"
# File -> what it holds. In the first the quotes are of an odd number, in the second of an even one.
TEXTS = {
    "odd-quote.csv": f'{HEADER},status\nq1,u1,{ROW},"new\nq2,u2,{ROW},new\nq3,u3,{ROW},new",x\n',
    "even-quote.csv": f'{HEADER},status\nq1,u1,{ROW},"new\nq2,u2,{ROW},old"\n',
    "header.csv": "id,when\n1,2\n",
    "encoding.csv": f"{HEADER}\né1,ü1,{ROW}\n",
}
KINDS = (*TEXTS, "Delta table", "link.csv", "cut.parquet", "floats.parquet")


def make_a_mistake(orders: Path, encoding: str, chance: random.Random) -> str:
    """Put one into an empty folder of orders; returns words that its error has to hold."""
    orders.mkdir()
    kind = chance.choice(KINDS)
    if kind in TEXTS:
        other = "latin-1" if encoding != "utf-16" else "utf-8"
        (orders / kind).write_bytes(TEXTS[kind].encode(other if kind == "encoding.csv" else encoding))
    elif kind == "Delta table":
        (orders / "_delta_log").mkdir()
    elif kind == "link.csv":
        (orders / kind).symlink_to(orders / "gone.csv")
    elif kind == "cut.parquet":
        (orders / kind).write_bytes(b"PAR1" + b"\0" * 40)
    else:
        frame = pl.DataFrame({"order_id": ["f"], "user_id": [7], "ordered_at": ["2026-01-01"], "amount": [1.0]})
        frame.write_parquet(orders / "whole.parquet")
        frame.with_columns(pl.col("user_id").cast(pl.Float64)).write_parquet(orders / kind)
    return kind
