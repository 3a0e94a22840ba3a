"""Masked views: tables for analysts, with a pseudonym instead of the user's id.

A user has the same pseudonym in every table and at every snapshot; without the key of this instance it cannot be
reversed. The views are in the schema `masked`; texts and keys that would identify a user are excluded.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from pathlib import Path

import duckdb
import polars as pl

from churn_assets.instance.files import write_whole

EXCLUDED = {
    ("features", "user_features"): ("user_id",),
    ("marts", "dim_user_profiles"): ("user_id",),
    ("scoring", "scored_users"): ("user_id",),
    ("scoring", "user_reasons"): ("user_id",),
    ("interventions", "decision_ledger"): ("user_id", "decision_id"),
    ("interventions", "outbox"): ("user_id", "decision_id", "message_key", "payload"),
}
DIGITS = 20


def pseudonyms(user_ids: pl.Series, key: bytes) -> pl.DataFrame:
    """One row per id, sorted: user_id, pseudonym (HMAC-SHA256 under `key`, 80 bits of it)."""
    ids = user_ids.unique().sort()
    digests = [hmac.new(key, user_id.encode(), hashlib.sha256).hexdigest()[:DIGITS] for user_id in ids]
    return pl.DataFrame({"user_id": ids, "pseudonym": digests}, schema={"user_id": pl.String, "pseudonym": pl.String})


def write_pseudonyms(file: Path, user_ids: pl.Series, key: bytes) -> None:
    """Write the pseudonyms in one step, replacing the earlier file."""
    write_whole(file, pseudonyms(user_ids, key).write_parquet)


def show_masked(
    connection: duckdb.DuckDBPyConnection, file: Path, changed: Collection[tuple[str, str]] | None = None
) -> None:
    """Make a view per existing table, or only of those `changed`; none where there are no pseudonyms yet."""
    wanted = set(EXCLUDED) if changed is None else set(EXCLUDED) & set(changed)
    if not (wanted and file.exists()):
        return
    sql = "select table_schema, table_name from information_schema.tables"
    existing = set(connection.execute(sql).fetchall())
    connection.execute("create schema if not exists masked")
    path = "'" + str(file).replace("'", "''") + "'"
    for (schema, table), columns in EXCLUDED.items():
        if (schema, table) in existing & wanted:
            # By an explicit join, not `using`: a user without a pseudonym is left out rather than shown by id.
            connection.execute(
                f"create or replace view masked.{table} as "
                f"select names.pseudonym, rows.* exclude ({', '.join(columns)}) from {schema}.{table} as rows "
                f"inner join read_parquet({path}) as names on names.user_id = rows.user_id"
            )
