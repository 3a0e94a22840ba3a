"""The views raw.<table>: the landing as dbt and analysts read it, typed, refused rows with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from churn_assets.landing.contents import LandedTable
from churn_assets.landing.relation import empty_relation
from churn_assets.landing.text import identifier
from churn_assets.settings.extra import ExtraColumn, contract_with


def show_raw(
    connection: duckdb.DuckDBPyConnection,
    landed_tables: Mapping[str, LandedTable],
    extra: Sequence[ExtraColumn] = (),
) -> None:
    """One view per table of the raw contract; the view of a table without files has no rows. `extra`: the declared
    columns that the tables were read with.
    """
    connection.execute("create schema if not exists raw")
    for table in contract_with(extra):
        landed_table = landed_tables.get(table.name)
        rows = landed_table.scan if landed_table else empty_relation(table)
        connection.execute(f"create or replace view raw.{identifier(table.name)} as select * from {rows}")
