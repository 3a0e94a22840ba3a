"""How a table of the warehouse tells whose a row is."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from churn_assets.erasure.traces import Traces
from churn_assets.landing.ids import id_sql

# Tables that say nothing of any one user.
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
class HeldTable:
    """One table of a DuckDB file. Conditions are SQL with the parameters $users, $orders and $words."""

    schema: str
    name: str
    types: dict[str, str]

    @property
    def relation(self) -> str:
        return f'"{self.schema}"."{self.name}"'

    @property
    def user(self) -> str | None:
        """The user whom a row is about."""
        if "user_id" in self.types:
            return id_sql("cast(user_id as varchar)")
        return self._quarantined("user_id")

    @property
    def order(self) -> str | None:
        """The order by which alone a row is known."""
        if "user_id" in self.types:
            return None
        return id_sql("cast(order_id as varchar)") if "order_id" in self.types else self._quarantined("order_id")

    @property
    def is_impersonal(self) -> bool:
        return not (self.user or self.order)

    def is_theirs(self) -> str:
        """A row is the users'. What was refused may have the id in the wrong place."""
        known = [f"list_contains($users, {self.user})"] if self.user else []
        known += [f"list_contains($orders, {self.order})"] if self.order else []
        known += [self._names_them()] if "row_json" in self.types else []
        return f"coalesce({' or '.join(known)}, false)" if known else "false"

    def is_theirs_or_names_them(self) -> str:
        """The same, or any text of the row does: proves that nothing was overlooked."""
        return f"({self.is_theirs()} or coalesce({self._names_them()}, false))"

    def parameters(self, condition: str, traces: Traces) -> dict[str, object]:
        """Those that `condition` asks for: DuckDB refuses all others."""
        values = {"users": sorted(traces.users), "orders": sorted(traces.orders), "words": traces.words_sql}
        return {name: value for name, value in values.items() if f"${name}" in condition}

    def _quarantined(self, column: str) -> str | None:
        return id_sql(f"json_extract_string(row_json, '$.{column}')") if "row_json" in self.types else None

    def _names_them(self) -> str:
        texts = [
            f'cast("{name}" as varchar)' for name, kind in self.types.items() if "VARCHAR" in kind or "JSON" in kind
        ]
        return f"regexp_matches(concat_ws(' ', {', '.join(texts)}), $words)" if texts else "false"


def held_tables(connection: duckdb.DuckDBPyConnection) -> list[HeldTable]:
    """Base tables of the database in use; views are windows on files, which are looked at themselves."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, name, column, kind in connection.execute(COLUMNS).fetchall():
        found.setdefault((schema, name), {})[column] = kind
    return [HeldTable(schema, name, types) for (schema, name), types in found.items()]
