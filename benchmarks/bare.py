"""The bare process of the orchestration benchmark: SQL on a fresh DuckDB file, fit, predict, write. Nothing else.

`python -m benchmarks.bare PLAN.json`, where the plan (benchmarks/plan.py) holds the SQL as dbt compiled it.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from churn_assets.contracts.feature import Feature
from churn_assets.model.expected import with_expected_purchases
from churn_assets.model.scoring import score
from churn_assets.model.training import train
from churn_assets.settings import load_settings


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(plan["folder"])
    snapshot = date.fromisoformat(plan["snapshot"])
    settings = load_settings(Path(plan["settings"]))
    features = [Feature(**feature) for feature in plan["features"]]
    # dbt qualifies every table with the name of the database, which is that of the file.
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        for statement in plan["statements"]:
            connection.execute(statement)
        training, present = (_rows(connection, plan[name], folder) for name in ("training", "scoring"))
    churn = settings.churn
    training, present = (
        with_expected_purchases(frame, gap_days=churn.gap_days, horizon_days=churn.horizon_days)
        for frame in (training, present)
    )
    trained = train(
        training.filter(~pl.col("is_treated")).drop("is_treated"),
        features,
        snapshot=snapshot,
        gap_days=churn.gap_days,
        horizon_days=churn.horizon_days,
        settings=settings.training,
        season=plan["season"],  # two counts over orders, not measured here
    )
    scored, _ = score(present, trained.model, features, settings.scoring, settings.profit, features_version="bare")
    scored.write_parquet(folder / "scored_users.parquet")


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, folder: Path) -> pl.DataFrame:
    """Over a Parquet file, as the pipeline does."""
    file = folder / "rows.parquet"
    connection.sql(sql).write_parquet(str(file))
    return pl.read_parquet(file, memory_map=False)


if __name__ == "__main__":
    main()
