"""A landing of a few files, and what becomes of its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn_assets.duck import duck
from churn_assets.landing.inspect import inspect
from churn_assets.settings import Landing

NOW = datetime(2026, 11, 20, 12)
Put = Callable[..., Path]


@dataclass(frozen=True)
class Shop:
    """Files under `folder`, read at NOW."""

    folder: Path

    def put(self, name: str, content: str | bytes | pl.DataFrame) -> Path:
        """Write a file of the landing; returns it."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(file)
        else:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def rows(self, table: str, columns: str = "*", where: str = "refused_because is null", **settings: Any) -> Any:
        """Rows of the relation of a table, sorted."""
        landed = inspect(str(self.folder), None, Landing(**settings), now=NOW)[table]
        with duck() as connection:
            return connection.execute(f"select {columns} from {landed.scan} where {where} order by all").fetchall()

    def refused(self, table: str, **settings: Any) -> list[tuple[str, str]]:
        """Key and reason of every refused row."""
        found: list[tuple[str, str]] = self.rows(
            table, "row_key, refused_because", "refused_because is not null", **settings
        )
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "landing")


@pytest.fixture
def orders(shop: Shop) -> Callable[..., Shop]:
    """A shop of orders: lines of `order_id,user_id,ordered_at,amount` and, behind a semicolon, further columns."""

    def make(*lines: str, more: str = "", name: str = "orders/a.csv") -> Shop:
        header = "order_id,user_id,ordered_at,amount" + (f",{more}" if more else "")
        shop.put(name, "\n".join([header, *lines]) + "\n")
        return shop

    return make
