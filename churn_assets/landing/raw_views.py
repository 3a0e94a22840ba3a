"""The views raw.<table>: the landing as dbt and analysts read it, every row typed or with the reason why not."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from churn_assets.contracts.raw import raw_contract
from churn_assets.landing.inspect import LandedTable
from churn_assets.landing.relation import nothing
from churn_assets.landing.text import identifier


def show_raw(connection: duckdb.DuckDBPyConnection, landed: Mapping[str, LandedTable]) -> None:
    """One view per table of the raw contract; one that has no files has no rows."""
    connection.execute("create schema if not exists raw")
    for table in raw_contract():
        held = landed.get(table.name)
        rows = held.scan if held else nothing(table)
        connection.execute(f"create or replace view raw.{identifier(table.name)} as select * from {rows}")
