"""Ids with contradicting rows. A repeated id is a correction where it became known later. Two rows with one id and one
known time contradict each other, and so do versions of an order with another user and another time.

Of two contents at one known time the later file counts (natural order of the names). Within one file neither counts:
all rows of that id in it are refused. Conflicts are counted, and stop a run where they are too many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from churn_assets.contracts.raw import RawTable
from churn_assets.landing.repeated import content_sql
from churn_assets.landing.text import identifier, literal

REASON = "its id has two contents at one known time in one file"
NOT_CHECKED = ("events", "consents", "order_items")  # repeated events are compared by content; the others have lines
FEWEST = 5  # fewer conflicts do not stop a run, whatever their share


@dataclass(frozen=True)
class Conflicts:
    """Counts of ids. `replaced`: settled by a later file; `refused`: two contents in one file; `moved`: another user at
    another time in a later version. `losers`: SQL relation of (key, known_at, winner), None without any.
    """

    ids: int = 0
    replaced: int = 0
    refused: int = 0
    moved: int = 0
    examples: tuple[str, ...] = ()
    losers: str | None = None

    @property
    def total(self) -> int:
        return self.replaced + self.refused + self.moved

    def is_beyond(self, share: float) -> bool:
        """Whether so many ids have conflicts that the run has to stop."""
        return self.total >= FEWEST and self.total > share * self.ids

    def likely_cause(self, table: str) -> tuple[str, str | None]:
        """The probable cause of the conflicts, and the value of landing.repeated_ids that cures them, if one does."""
        most = max(self.replaced, self.refused, self.moved)
        if most == self.moved:
            cause = "numbers that begin anew each day or are used by several shops"
            return cause, "restarting" if table == "orders" else None
        if most == self.refused and table == "orders":
            return "one row per line of an order", "lines"
        if most == self.refused:
            return "versions of a row that carry one ingested_at", None
        return "full exports, of which a later one changes rows of an earlier one", "full_exports"


def find_conflicts(
    connection: duckdb.DuckDBPyConnection, table: RawTable, scan: str, files: Sequence[Path], store: Path | None
) -> Conflicts:
    """Conflicts of one table. `files`: in the order in which they count; `store`: file for losers."""
    if table.name in NOT_CHECKED or table.has_lines:
        return Conflicts()
    keys = [identifier(key) for key in table.key]
    has_identity = "user_id" not in table.key and table.event_time is not None
    who, when = ("user_id", table.event_time) if has_identity else ("''", "''")
    connection.execute("create or replace temp table ranks (file varchar, rank integer)")
    connection.executemany("insert into ranks values (?, ?)", [[str(file), rank] for rank, file in enumerate(files)])
    connection.execute(
        f"create or replace temp table repeated as "
        f"with slim as (select hash({', '.join(keys)}) as key_hash from {scan} where refused_because is null) "
        "select key_hash from slim group by key_hash having count(*) > 1"
    )
    total = connection.execute(f"select count(distinct ({', '.join(keys)})) from {scan} where refused_because is null")
    ids = int((total.fetchone() or (0,))[0])
    connection.execute(f"""
      create or replace temp table versions as
      select {", ".join(keys)}, known_at, rank, file, hash({content_sql(table)}) as content,
        {who} as actor, {when} as happened
      from {scan} as rows left join ranks using (file)
      where refused_because is null and not is_replaced
        and hash({", ".join(keys)}) in (select key_hash from repeated)
    """)
    listed = ", ".join(keys)
    connection.execute(f"""
      create or replace temp table losers as
      select {listed}, known_at, arg_max(file, rank) as newest_file, count(distinct content) filter (
        rank = newest_rank
      ) > 1 as is_refused
      from (select *, max(rank) over (partition by {listed}, known_at) as newest_rank from versions)
      group by {listed}, known_at having count(distinct content) > 1
    """)
    replaced, refused = connection.execute(
        f"select count(distinct ({listed})) filter (not is_refused), count(distinct ({listed})) filter (is_refused) "
        "from losers"
    ).fetchone() or (0, 0)
    moved_row = connection.execute(
        f"select list(key order by key) from (select concat_ws('|', {listed}) as key from versions "
        f"group by {listed} having count(distinct actor) > 1 and count(distinct happened) > 1 "
        "and count(distinct known_at) > 1)"
    ).fetchone()
    moved_ids = list((moved_row or (None,))[0] or ())
    example_rows = connection.execute(f"select concat_ws('|', {listed}) from losers order by 1 limit 5").fetchall()
    examples = tuple([str(key) for (key,) in example_rows] or [str(key) for key in moved_ids[:5]])
    return Conflicts(
        ids, int(replaced), int(refused), len(moved_ids), examples,
        _stored(connection, keys, store) if replaced or refused else None,
    )  # fmt: skip


def without_conflicts(table: RawTable, scan: str, conflicts: Conflicts) -> str:
    """The relation with replaced rows marked as such and contradicting rows refused."""
    if conflicts.losers is None:
        return scan
    keys = [identifier(key) for key in table.key]
    same = " and ".join(f"rows.{key} = lost.{key}" for key in keys)
    is_hit = "lost.known_at is not null and rows.refused_because is null"
    return f"""(
      select rows.* replace (
        case when {is_hit} and lost.is_refused then {literal(REASON)} else rows.refused_because end as refused_because,
        rows.is_replaced or ({is_hit} and not lost.is_refused and rows.file <> lost.newest_file) as is_replaced
      )
      from {scan} as rows left join {conflicts.losers} as lost on {same} and rows.known_at = lost.known_at
    )"""


def _stored(connection: duckdb.DuckDBPyConnection, keys: Sequence[str], store: Path | None) -> str:
    """The losers as a relation that outlives the connection: a Parquet file, or literal values without `store`."""
    if store is None:
        rows = connection.execute(f"select {', '.join(keys)}, known_at, newest_file, is_refused from losers").fetchall()
        values = ", ".join(
            f"({', '.join(literal(value) for value in row[:-3])}, timestamp '{row[-3]}', {literal(row[-2])}, {row[-1]})"
            for row in rows
        )
        return f"(select * from (values {values}) as listed ({', '.join(keys)}, known_at, newest_file, is_refused))"
    store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = store.with_suffix(".tmp")
    connection.execute(
        f"copy (select {', '.join(keys)}, known_at, newest_file, is_refused from losers order by all) "
        f"to {literal(temporary)} (format parquet)"
    )
    temporary.chmod(0o600)
    temporary.rename(store)
    return f"read_parquet({literal(store)}, hive_partitioning = false)"
