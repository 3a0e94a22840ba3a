"""The snapshots that the warehouse holds. Read only; nothing is built here."""

from __future__ import annotations

from datetime import date

from churn_assets.workplace import Workplace


def consumed_until(workplace: Workplace) -> date | None:
    """The newest boundary that every mart has consumed; None for an empty warehouse."""
    if not workplace.warehouse.has("marts", "dim_snapshots"):
        return None
    newest: date | None = workplace.warehouse.query("select max(snapshot_date) from marts.dim_snapshots").item()
    return newest


def every_snapshot(workplace: Workplace) -> list[date]:
    """Snapshots with rows in any table by snapshot, ascending."""
    tables = ("marts.dim_snapshots", "features.user_features", "features.churn_labels")
    selects = [f"select snapshot_date from {table}" for table in tables if workplace.warehouse.has(*table.split("."))]
    if not selects:
        return []
    return workplace.warehouse.query(f"{' union '.join(selects)} order by 1")["snapshot_date"].to_list()


def built_snapshots(workplace: Workplace) -> list[date]:
    """Snapshots that the feature mart holds, ascending."""
    if not workplace.warehouse.has("features", "churn_labels"):
        return []
    sql = "select distinct snapshot_date from features.churn_labels order by 1"
    return workplace.warehouse.query(sql)["snapshot_date"].to_list()
