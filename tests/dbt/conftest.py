"""A landing of a few rows with every trap of time in it, and the warehouses that the real dbt project makes of it.

The rows lie in `landing/`; their column `why` says what each is there for. Weekly snapshots; the labels have a gap of
7 days and a horizon of 7 days, so that those of D1 look at [D2, D3) and mature at D3.

    D1 = 2026-01-05   D2 = 2026-01-12   D3 = 2026-01-19   D4 = 2026-01-26

`whole`: in several files and formats, all four snapshots in one range, dbt tests included.
`stepwise`: the same rows in one CSV file per table, in reverse order; one snapshot after another, then D2 once more.
`orders_only`: nothing but orders, with whole numbers for ids.
`restated`: the rows of `stepwise` as they are known today: D4, and then D1.
All four are built at the same time, once per session (build_warehouse.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest
from filelock import FileLock

from churn_assets.duck import duck
from churn_assets.instance.home import Home

D1, D2, D3, D4 = "2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"
SETTINGS = """
landing: {max_days_ahead: 10, restated: RESTATED}
calendar: {start: 2025-12-29}
churn: {gap_days: 7, horizon_days: 7, active_within_days: 40,
        rhythm_min_gaps: 1, rhythm_floor_days: 7, rhythm_cap_days: 18, reduced_reference_days: 28}
"""
ROWS = Path(__file__).with_name("landing")
Query = Callable[..., list[tuple[object, ...]]]


def as_text(name: str) -> pl.DataFrame:
    """Every value as it stands in the file."""
    return pl.read_csv(ROWS / f"{name}.csv", infer_schema=False)


def as_typed(name: str, *, whole_ids: bool = False, zone: str | None = None) -> pl.DataFrame:
    """Times as timestamps, amounts as numbers; ids as text, or as whole numbers."""
    frame = as_text(name)
    times = [column for column in frame.columns if column.endswith("_at")]
    amounts = [column for column in frame.columns if column.endswith("amount")]
    return frame.with_columns(
        pl.col(times).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone=zone),
        pl.col(amounts).cast(pl.Float64),
        pl.col(["order_id", "user_id"] if whole_ids else []).cast(pl.Int64),
    )


def land(landing: Path, name: str, frame: pl.DataFrame) -> None:
    file = landing / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".csv":
        frame.write_csv(file)
    else:
        frame.write_parquet(file)


def land_whole(landing: Path) -> None:
    land(landing, "orders/2026/whole_numbers.parquet", as_typed("orders/whole_numbers", whole_ids=True))
    land(landing, "orders/zoned.parquet", as_typed("orders/zoned", zone="UTC"))
    land(landing, "orders/typed.parquet", as_typed("orders/typed"))
    land(landing, "orders/text.csv", as_text("orders/text"))
    for file in ROWS.glob("*/rows.csv"):
        land(landing, f"{file.parent.name}/rows.parquet", as_text(f"{file.parent.name}/rows"))


def land_reversed(landing: Path) -> None:
    """One file a table, but for the one that is later than another."""
    for table in ROWS.iterdir():
        parts = {file.stem: as_text(f"{table.name}/{file.stem}") for file in sorted(table.iterdir())}
        if "zoned" in parts:
            land(landing, f"{table.name}/zoned.csv", parts.pop("zoned").reverse())
        land(landing, f"{table.name}/rows.csv", pl.concat(parts.values(), how="diagonal").reverse())


def land_orders_only(landing: Path) -> None:
    orders = as_typed("orders/whole_numbers", whole_ids=True)
    land(landing, "orders/rows.parquet", orders.drop("discount_amount"))


LANDINGS = {"whole": land_whole, "stepwise": land_reversed, "orders_only": land_orders_only, "restated": land_reversed}
COMMANDS = {
    "whole": ("build", f"{D1}:{D4}"),
    "stepwise": ("run", f"{D1}:{D1}", f"{D2}:{D2}", f"{D3}:{D3}", f"{D4}:{D4}", f"{D2}:{D2}"),
    "orders_only": ("run", f"{D1}:{D2}"),
    "restated": ("build", f"{D4}:{D4}", f"{D1}:{D1}"),
}


def build(homes: Mapping[str, Home], environment_of: Callable[..., Mapping[str, str]]) -> None:
    script = Path(__file__).with_name("build_warehouse.py")
    for name, home in homes.items():
        home.prepare().settings_file.write_text(SETTINGS.replace("RESTATED", str(name == "restated").lower()))
        LANDINGS[name](Path(home.landing))
    orders = json.dumps({str(home.root): COMMANDS[name] for name, home in homes.items()})
    made = subprocess.run(
        [sys.executable, str(script), orders],
        env=environment_of(homes["whole"].root),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout


@pytest.fixture(scope="session")
def warehouses(
    tmp_path_factory: pytest.TempPathFactory, environment_of: Callable[..., Mapping[str, str]]
) -> Mapping[str, Home]:
    """The homes by name, built; by one xdist worker for all of them."""
    folder = tmp_path_factory.getbasetemp()
    shared = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "dbt"
    homes = {name: Home(shared / name) for name in LANDINGS}
    shared.mkdir(exist_ok=True)
    with FileLock(shared / "build.lock"):
        if not (shared / "built").exists():
            build(homes, environment_of)
            (shared / "built").touch()
    return homes


@contextmanager
def querying(file: Path) -> Iterator[Query]:
    with duck(file, read_only=True) as connection:

        def query(sql: str, *parameters: object) -> list[tuple[object, ...]]:
            try:
                return connection.execute(sql, parameters).fetchall()
            except duckdb.Error as error:
                raise AssertionError(f"{error}\n{sql}") from error

        yield query


@pytest.fixture(scope="session")
def whole(warehouses: Mapping[str, Home]) -> Iterator[Query]:
    with querying(warehouses["whole"].warehouse) as query:
        yield query


@pytest.fixture(scope="session")
def orders_only(warehouses: Mapping[str, Home]) -> Iterator[Query]:
    with querying(warehouses["orders_only"].warehouse) as query:
        yield query


@pytest.fixture(scope="session")
def restated(warehouses: Mapping[str, Home]) -> Iterator[Query]:
    with querying(warehouses["restated"].warehouse) as query:
        yield query


@pytest.fixture(scope="session")
def after_step(warehouses: Mapping[str, Home]) -> Callable[[int], Path]:
    """The stepwise warehouse as it was after its first, second, ... invocation (from 0)."""
    return lambda step: warehouses["stepwise"].root / f"after-{step}.duckdb"
