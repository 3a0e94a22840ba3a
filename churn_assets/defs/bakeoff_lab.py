"""`churn bakeoff`: every model on the same later users, in the terminal, as a page and as a table of the warehouse."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from rich.console import Console

from churn_assets.contracts.model_bakeoffs import ModelBakeoffs
from churn_assets.contracts.training_set import LABEL_COLUMNS
from churn_assets.defs.dbt.features import describe, treatments
from churn_assets.defs.storage.files import write_whole
from churn_assets.defs.storage.tables import PartitionMissing
from churn_assets.defs.terminal import rich_table, wide_console
from churn_assets.defs.workplace import Workplace
from churn_assets.model.bakeoff import BakeOff, bake_off
from churn_assets.model.inputs import Inputs
from churn_assets.model.rivals import rivals
from churn_assets.monitoring.bakeoff_page import bakeoff_page
from churn_assets.monitoring.bakeoff_tables import bakeoff_tables
from churn_assets.stages import Stage

TABLE = "model_bakeoffs"


def show_bakeoff(root: Path, snapshot: date | None) -> None:
    """At `snapshot`, or the newest with a training set. Raises PartitionMissing; NothingToTest on a short history."""
    workplace = Workplace(home_path=str(root))
    settings = workplace.settings
    day = snapshot or _newest(workplace)
    console = wide_console()
    baked = _bake(workplace, day, console)
    workplace.tables.publish(Stage.TRAINING, TABLE, day, baked.table)
    workplace.show_tables()
    for table in bakeoff_tables(baked.table):
        console.print(rich_table(table))
    window = f"{settings.churn.definition}, label window {settings.churn.horizon_days} days, "
    window += f"gap {settings.churn.gap_days} days"
    page = workplace.home.reports / f"bakeoff_{day}.html"
    html = bakeoff_page(baked, snapshot=day, window=window, profit=settings.profit)
    write_whole(page, lambda file: file.write_text(html, encoding="utf-8"))
    console.print(f"Table: {Stage.TRAINING}.{TABLE}\nPage: {page}", soft_wrap=True)


def _bake(workplace: Workplace, day: date, console: Console) -> BakeOff:
    settings = workplace.settings
    rows = workplace.tables.read(Stage.TRAINING, "training_set", day)
    features = describe([name for name in rows.columns if name not in LABEL_COLUMNS])
    inputs = Inputs(features, treatments(), settings.training, settings.features.max_missing_column_share)
    console.print(
        f"Training set of {day}: {rows.height:,} rows in {rows['snapshot_date'].n_unique()} slices. A model learns "
        f"from {settings.training.bakeoff_rows:,} rows at most (training.bakeoff_rows).",
        soft_wrap=True,
    )
    with console.status("starting", refresh_per_second=2) as status:
        baked = bake_off(
            rows,
            rivals(inputs, rows),
            snapshot=day,
            gap_days=settings.churn.gap_days,
            horizon_days=settings.churn.horizon_days,
            settings=settings.training,
            profit=settings.profit,
            clock=time.perf_counter,
            tell=lambda model, slice_date: status.update(f"{model}, slice {slice_date}"),
        )
    ModelBakeoffs.validate(baked.table, lazy=True)
    return baked


def _newest(workplace: Workplace) -> date:
    held = workplace.record.partitions(Stage.TRAINING, "training_set")
    if not held:
        raise PartitionMissing(f"{workplace.home.root} holds no training set yet: make one first (churn run)")
    return held[-1].snapshot
