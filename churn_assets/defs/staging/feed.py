"""Stops a run whose newest rows have not arrived, before the marts consume what is there."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from churn_assets.contracts.raw import raw_contract
from churn_assets.defs.plain import plain
from churn_assets.defs.snapshot_checks import checked_snapshots
from churn_assets.monitoring.feed import HISTORY_DAYS, Verdict, judge, sentence
from churn_assets.stages import Stage
from churn_assets.warehouse.arrivals import feed_counts
from churn_assets.workplace import Workplace

CHECK = "newest_rows_have_arrived"
STAGED = {table.name: [Stage.STAGING, f"stg_{table.name}"] for table in raw_contract()}
VITAL = {table.name for table in raw_contract() if table.must_exist}


@dg.multi_asset_check(
    name=CHECK,
    specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=key,
            blocking=True,
            description=f"The newest days of raw.{name} have no significantly other number of rows than its own past "
            "leads one to expect (same weekdays of the weeks before, last year's same weeks). Judged from "
            f"{HISTORY_DAYS} days of history on. Days on which the shop was closed: landing.closed_dates.",
        )
        for name, key in STAGED.items()
    ],
    can_subset=True,
)
def newest_rows_have_arrived(
    context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Iterator[dg.AssetCheckResult]:
    """One query for all tables and snapshots; each snapshot is judged by rows known then."""
    selected = {key.asset_key for key in context.selected_asset_check_keys}
    days = checked_snapshots(context, workplace)
    counts = feed_counts(workplace, days[-1])
    verdicts = {day: _verdicts(workplace, counts, day) for day in days}
    for name, key in STAGED.items():
        if dg.AssetKey(key) in selected:
            yield _result(name, {day: by_table[name] for day, by_table in verdicts.items()})


def _verdicts(workplace: Workplace, counts: pl.DataFrame, day: date) -> dict[str, Verdict]:
    by_table = judge(
        counts,
        day,
        workplace.calendar.previous(day).date(),
        closed={name: workplace.settings.landing.closed_days(name) for name in STAGED},
        vital=VITAL,
    )
    return {name: by_table.get(name) or Verdict(name, "unjudged", "no rows yet") for name in STAGED}


def _result(name: str, verdicts: dict[date, Verdict]) -> dg.AssetCheckResult:
    """The first snapshot that stops the run, else the newest; all that are broken are named."""
    broken = [day for day, verdict in verdicts.items() if verdict.state == "broken"]
    day = broken[0] if broken else max(verdicts)
    verdict = verdicts[day]
    figures: dict[str, str | int] = {"snapshot_date": day.isoformat(), "verdict": verdict.state}
    if verdict.note:
        figures["why"] = verdict.note
    if verdict.state == "broken":
        figures |= {"rows": verdict.rows, "rows_expected": round(verdict.expected_rows)}
    if broken:
        figures["snapshots_broken"] = ", ".join(map(str, broken))
    return dg.AssetCheckResult(
        asset_key=STAGED[name],
        check_name=CHECK,
        passed=not broken,
        description=sentence(verdict, day, is_vital=name in VITAL) if broken else None,
        metadata=plain(figures),
    )
