"""SQL conditions by which rows of warehouse tables are assigned to users."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import polars as pl
from duckdb.func import PythonUDFType
from duckdb.sqltypes import BOOLEAN, VARCHAR

from churn_assets.erasure.traces import Traces
from churn_assets.landing.ids import id_sql

NAMES_THEM = "names_them"
# Tables without data on a single user.
IMPERSONAL = {
    "marts.dim_snapshots": "the calendar",
    "marts.int_review_terms": "pairs of characters over all reviews",
    "marts.dim_products": "products",
    "marts.dim_coupon_codes": "codes, whoever was given one",
}
COLUMNS = """
select schema_name, table_name, column_name, data_type from duckdb_columns()
semi join (from duckdb_tables() where not internal and not temporary)
  using (database_name, schema_name, table_name)
where database_name = current_database()
order by schema_name, table_name, column_index
"""


@dataclass(frozen=True)
class WarehouseTable:
    """One base table of a DuckDB file. Conditions are SQL with the parameters $users and $orders, and with the function
    NAMES_THEM, which `find_names` gives the connection.
    """

    schema: str
    name: str
    types: dict[str, str]

    @property
    def relation(self) -> str:
        return f'"{self.schema}"."{self.name}"'

    @property
    def user_sql(self) -> str | None:
        """SQL of the user id of a row; None where the table has none."""
        if "user_id" in self.types:
            return id_sql("cast(user_id as varchar)")
        return self._quarantined("user_id")

    @property
    def order_sql(self) -> str | None:
        """SQL of the order id of a row, where it is the only link to a user; else None."""
        if "user_id" in self.types:
            return None
        return id_sql("cast(order_id as varchar)") if "order_id" in self.types else self._quarantined("order_id")

    @property
    def is_impersonal(self) -> bool:
        return not (self.user_sql or self.order_sql)

    def is_theirs(self) -> str:
        """Condition: a row is the users'. A refused row may have the id in another column, so its text counts too."""
        conditions = [f"list_contains($users, {self.user_sql})"] if self.user_sql else []
        conditions += [f"list_contains($orders, {self.order_sql})"] if self.order_sql else []
        conditions += [self._names_them()] if "row_json" in self.types else []
        return f"coalesce({' or '.join(conditions)}, false)" if conditions else "false"

    def is_theirs_or_names_them(self) -> str:
        """Condition: a row is the users', or any text in it names them; the proof uses it."""
        # Not `or`: what is theirs by its id, nearly all there is, need not be searched.
        return f"case when {self.is_theirs()} then true else coalesce({self._names_them()}, false) end"

    def parameters(self, condition: str, traces: Traces) -> dict[str, object]:
        """The parameters that `condition` uses: DuckDB refuses others."""
        values = {"users": sorted(traces.users), "orders": sorted(traces.orders)}
        return {name: value for name, value in values.items() if f"${name}" in condition}

    def _quarantined(self, column: str) -> str | None:
        return id_sql(f"json_extract_string(row_json, '$.{column}')") if "row_json" in self.types else None

    def _names_them(self) -> str:
        texts = [
            f'cast("{name}" as varchar)' for name, kind in self.types.items() if "VARCHAR" in kind or "JSON" in kind
        ]
        return f"{NAMES_THEM}(concat_ws(' ', {', '.join(texts)}))" if texts else "false"


def find_names(connection: duckdb.DuckDBPyConnection, traces: Traces) -> None:
    """Give the connection the function NAMES_THEM: whether a text names the users."""
    connection.create_function(
        NAMES_THEM,
        lambda texts: traces.words.in_texts(pl.Series(pl.from_arrow(texts))).to_arrow(),
        [VARCHAR],
        BOOLEAN,
        type=PythonUDFType.ARROW,
    )


def base_tables(connection: duckdb.DuckDBPyConnection) -> list[WarehouseTable]:
    """Base tables of the database in use; views read files, which are searched themselves."""
    types: dict[tuple[str, str], dict[str, str]] = {}
    for schema, name, column, kind in connection.execute(COLUMNS).fetchall():
        types.setdefault((schema, name), {})[column] = kind
    return [WarehouseTable(schema, name, types) for (schema, name), types in types.items()]
