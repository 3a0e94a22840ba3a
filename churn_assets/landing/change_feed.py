"""Change feeds (Debezium, Airbyte, Delta): columns that mark a row as deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from churn_assets.landing.text import is_among_sql

# Column (lower case) -> values that mark a row as deleted; as the state before a change.
DELETED: Mapping[str, tuple[str, ...]] = {
    "__deleted": ("true", "t", "1", "yes"),
    "_deleted": ("true", "t", "1", "yes"),
    "is_deleted": ("true", "t", "1", "yes"),
    "_fivetran_deleted": ("true", "t", "1", "yes"),
    "__op": ("d", "delete"),
    "op": ("d", "delete"),
    "_change_type": ("delete",),
    "_cdc_operation": ("d", "delete"),
}
HAS_TIME = ("_sdc_deleted_at", "_ab_cdc_deleted_at", "__deleted_at")  # deleted where there is a time
BEFORE: Mapping[str, tuple[str, ...]] = {"_change_type": ("update_preimage",)}
KNOWN = frozenset((*DELETED, *HAS_TIME))


@dataclass(frozen=True)
class ChangeFeed:
    """The change feed of files of one shape. `columns`: name in the files -> alias in the query."""

    columns: Mapping[str, str]

    @classmethod
    def among(cls, names: Collection[str]) -> ChangeFeed:
        """The columns of a change feed among those of the files."""
        return cls({name: f'"feed_{name.lower()}"' for name in names if name.lower() in KNOWN})

    @property
    def is_deletion(self) -> str:
        """SQL: whether a row is marked as deleted."""
        parts = []
        for name, alias in self.columns.items():
            value_sql = f"lower(trim(cast({alias} as varchar)))"
            if name.lower() in HAS_TIME:
                parts.append(f"coalesce({value_sql} not in ('', 'null'), false)")
            else:
                parts.append(is_among_sql(value_sql, DELETED[name.lower()]))
        return f"({' or '.join(parts)})" if parts else "false"

    @property
    def rules(self) -> list[tuple[str, str]]:
        """Rules that refuse a row with the state before a change."""
        return [
            (
                is_among_sql(f"lower(trim(cast({alias} as varchar)))", BEFORE[name.lower()]),
                f"{name} says that the row is how it was before a change",
            )
            for name, alias in self.columns.items()
            if name.lower() in BEFORE
        ]
