"""Where every raw row of the landing is now. Each place is counted separately, so that a lost row shows."""

from __future__ import annotations

from dataclasses import dataclass

from churn_assets.contracts.raw import RawTable
from churn_assets.workplace import Workplace

DIMENSIONS = ("users", "products", "coupon_codes")  # entities; the other tables hold events


@dataclass(frozen=True)
class Account:
    """Rows of one raw table. `kept`: newest versions in the mart; `replaced`: repeats and superseded versions;
    `not_yet_known`: known at or after the last boundary consumed. The last four must add up to `delivered`.
    """

    delivered: int
    kept: int
    replaced: int
    refused: int
    not_yet_known: int

    @property
    def unexplained(self) -> int:
        return self.delivered - self.kept - self.replaced - self.refused - self.not_yet_known


def mart_of(table: RawTable) -> str:
    return f"dim_{table.name}" if table.name in DIMENSIONS else f"fct_{table.name}"


def account(workplace: Workplace, tables: tuple[RawTable, ...]) -> dict[str, Account]:
    """Per raw table, in one query."""
    consumed = "true" if workplace.settings.landing.restated else CONSUMED
    rows = workplace.warehouse.query(" union all ".join(_counts(table, consumed) for table in tables))
    return {name: Account(*counts) for name, *counts in rows.iter_rows()}


def _counts(table: RawTable, consumed: str) -> str:
    # Users without a raw row are in the mart because of their orders.
    described = " and is_described" if table.name == "users" else ""
    is_newest = "true" if table.name in WITHOUT_VERSIONS else f"superseded_at is null{described}"
    counts = _lines if table.has_lines else _rows if table.name in WITHOUT_VERSIONS else _versions
    return f"""
    select '{table.name}' as name, raw_rows.delivered,
      (select count(*) from marts.{mart_of(table)} where {is_newest}) as kept,
      staged.known - staged.current + raw_rows.replaced as replaced,
      (select count(*) from staging.quarantine where source_table = '{table.name}') as refused,
      staged.not_yet_known
    from ({counts(table, consumed)}) as staged,
      (select count(*) as delivered, count(*) filter (is_replaced) as replaced
       from raw.{table.name}) as raw_rows"""


WITHOUT_VERSIONS = ("consents",)  # every row counts beside every other
CONSUMED = "known_at < (select max(snapshot_date) from marts.dim_snapshots)"


def _versions(table: RawTable, consumed: str) -> str:
    """One row per key is current."""
    key = ", ".join(table.key)
    return f"""
      select count(*) filter ({consumed}) as known, count(distinct ({key})) filter ({consumed}) as current,
        count(*) filter (not {consumed}) as not_yet_known
      from staging.stg_{table.name}"""


def _rows(table: RawTable, consumed: str) -> str:
    """Every different row is current."""
    return f"""
      select count(*) filter ({consumed}) as known,
        (select count(*) from (select distinct * from staging.stg_{table.name} where {consumed})) as current,
        count(*) filter (not {consumed}) as not_yet_known
      from staging.stg_{table.name}"""


def _lines(table: RawTable, consumed: str) -> str:
    """All different rows of the newest delivery of a key are current."""
    key = ", ".join(table.key)
    return f"""
      select count(*) filter ({consumed}) as known,
        (select count(*) from (
          select distinct * from staging.stg_{table.name} where {consumed}
          qualify known_at = max(known_at) over (partition by {key})
        )) as current,
        count(*) filter (not {consumed}) as not_yet_known
      from staging.stg_{table.name}"""
