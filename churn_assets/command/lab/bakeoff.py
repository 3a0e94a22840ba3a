"""`churn bakeoff`: every model on the same later users, in the terminal, as a page and as a table of the warehouse."""

from __future__ import annotations

import time
from datetime import date
from functools import partial
from pathlib import Path

from churn_assets.command.lab.activity import HOW_TO_GET_IT, activity_of, is_sequence_installed, use_jax
from churn_assets.command.lab.training import Lab
from churn_assets.contracts.model_bakeoffs import ModelBakeoffs
from churn_assets.instance.files import write_whole
from churn_assets.instance.terminal import PlainConsole, rich_table, wide_console
from churn_assets.model.bakeoff import BakeOff, bake_off
from churn_assets.model.rivals import Fit, rivals
from churn_assets.model.sequence import LSTM, fit_sequence
from churn_assets.monitoring.bakeoff_page import bakeoff_page
from churn_assets.monitoring.bakeoff_tables import bakeoff_tables
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

TABLE = "model_bakeoffs"


def show_bakeoff(root: Path, snapshot: date | None) -> None:
    """At `snapshot`, or the newest with a training set. Raises PartitionMissing; NothingToTest on a short history."""
    workplace = Workplace(home_path=str(root))
    settings = workplace.settings
    lab = Lab.at(workplace, snapshot)
    day, console = lab.day, wide_console()
    result = _bake(workplace, lab, console)
    workplace.tables.publish(Stage.TRAINING, TABLE, day, result.table)
    workplace.show_tables()
    for table in bakeoff_tables(result.table):
        console.print(rich_table(table))
    window = f"{settings.churn.definition}, label window {settings.churn.horizon_days} days, "
    window += f"gap {settings.churn.gap_days} days"
    page = workplace.home.reports / f"bakeoff_{day}.html"
    html = bakeoff_page(result, snapshot=day, window=window, profit=settings.profit)
    write_whole(page, lambda file: file.write_text(html, encoding="utf-8"))
    console.print(f"Table: {Stage.TRAINING}.{TABLE}\nPage: {page}", soft_wrap=True)


def _bake(workplace: Workplace, lab: Lab, console: PlainConsole) -> BakeOff:
    settings = workplace.settings
    lab.introduce(console)
    fits: dict[str, Fit] = rivals(lab.inputs, lab.rows)
    if is_sequence_installed():
        use_jax()
        activity = activity_of(workplace, lab.rows["snapshot_date"].unique().sort().to_list())
        fits[LSTM] = partial(fit_sequence, activity=activity, seed=settings.training.seed)
    else:
        console.print(HOW_TO_GET_IT, soft_wrap=True, markup=False)  # [sequence] is no style
    with console.status("starting", refresh_per_second=2) as status:
        result = bake_off(
            lab.rows,
            fits,
            snapshot=lab.day,
            gap_days=settings.churn.gap_days,
            horizon_days=settings.churn.horizon_days,
            settings=settings.training,
            profit=settings.profit,
            clock=time.perf_counter,
            on_fit=lambda model, slice_date: status.update(f"{model}, slice {slice_date}"),
        )
    ModelBakeoffs.validate(result.table, lazy=True)
    return result
