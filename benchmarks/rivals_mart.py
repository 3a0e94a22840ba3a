"""The project's own SQL by dbt in one process, raw orders to features: `rivals_mart.py ORDERS FOLDER SNAPSHOT ...`."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import date
from pathlib import Path

import duckdb
from dbt.cli.main import dbtRunner

from churn_assets.warehouse.project import PROJECT
from churn_assets.warehouse.variables import variables
from churn_assets.workplace import Workplace


def main(orders: Path, folder: Path, *snapshots: str) -> None:
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    landing = orders.parents[1]
    (home / "churn.yaml").write_text(f"landing: {{uri: {landing}}}\ncalendar: {{start: {snapshots[0]}}}\n")
    workplace = Workplace(home_path=str(home))
    landed_tables = workplace.landing()
    workplace.show_raw(landed_tables)
    told = variables(workplace, landed_tables, [date.fromisoformat(day) for day in snapshots])
    result = dbtRunner().invoke([
        "run", "--quiet", "--select", "fqn:staging fqn:marts fqn:features", "--exclude", "churn_labels",
        "--vars", json.dumps(told), "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(home / "target"), "--log-path", str(home / "logs"),
    ])  # fmt: skip
    if not result.success:
        sys.exit(f"dbt failed: {result.exception or 'see above'}")
    times = {one.node.name: one.execution_time for one in result.result}
    made = times["user_features"] + times["user_statuses"]
    (folder / "told.json").write_text(json.dumps({"feature_seconds": made, "models": times}))
    with duckdb.connect(str(workplace.home.warehouse), read_only=True) as connection:
        connection.sql("from features.user_features").write_parquet(str(folder / "features.parquet"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
