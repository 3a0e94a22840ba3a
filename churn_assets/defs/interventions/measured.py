"""What a plan may know of the effects of earlier ones: of each user and treatment, as known at the snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from churn_assets.contracts.uplift_comparison import EVERYBODY, UpliftComparison
from churn_assets.contracts.uplift_curves import UpliftCurves
from churn_assets.decisions.options import options_of
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.known_users import known_users
from churn_assets.effects.many_looks import uplift_findings
from churn_assets.effects.profile import PROFILE
from churn_assets.effects.uplift_curves import uplift_curves
from churn_assets.effects.user_effects import uplift_comparison, user_effects
from churn_assets.stages import Stage
from churn_assets.warehouse.earlier_plans import Past
from churn_assets.warehouse.outcomes import outcomes_of, profiles_of
from churn_assets.warehouse.reads import eligible_users_at

TABLES = ("user_effects", "uplift_comparison", "uplift_curves")


@dataclass(frozen=True)
class Measured:
    """Contracts UserEffects, UpliftComparison and UpliftCurves."""

    user_effects: pl.DataFrame
    uplift_comparison: pl.DataFrame
    uplift_curves: pl.DataFrame

    def metadata(self) -> Mapping[str, Any]:
        """What is proven of all that is looked at; the table has each by itself."""
        looked_at = uplift_findings(self.uplift_comparison)
        return {
            "effects proven to differ between users": _named(looked_at.filter("differs")) or "none",
            "effects proven to harm": _named(looked_at.filter("harms")) or "none",
            "effects looked at": looked_at.height,
            "notes on them": "; ".join(_notes(self.uplift_comparison)) or "none",
            "corrected for how many were looked at": "of those named, 1 in 20 is expected to be chance "
            "(Benjamini-Hochberg)",
        }


def _notes(comparison: pl.DataFrame) -> list[str]:
    rows = comparison.filter(pl.col("fifth") == EVERYBODY, pl.col("note").is_not_null())
    effect = pl.concat_str("treatment", "metric", separator=", ")
    return [": ".join(row) for row in rows.select(effect, "note").iter_rows()]


def _named(rows: pl.DataFrame) -> str:
    return ", ".join(rows.select(pl.concat_str("treatment", pl.lit(": "), "metric")).to_series())


def measured_at(at: Snapshot) -> Measured:
    """Learned from random campaigns and the ledgers of earlier snapshots whose windows have closed.

    It is made where decisions are, week by week: of a range of snapshots each plan knows those before it. What a sealed
    plan was made with stays as it was.
    """
    tables, horizon_days = at.workplace.tables, at.workplace.settings.churn.horizon_days
    ledger = tables.find(Stage.INTERVENTIONS, "decision_ledger", at.date)
    kept = [name for name in TABLES if tables.find(Stage.EFFECTS, name, at.date)]
    # Plans that were sealed before 2026-11-30 have no curves.
    if ledger and ledger.is_sealed and {*kept, "uplift_curves"} == set(TABLES):
        of_then = {name: tables.read(Stage.EFFECTS, name, at.date) for name in kept}
        # Nor has a comparison of before 2026-12-01 notes.
        compared = pl.concat([UpliftComparison.empty(), of_then.pop("uplift_comparison")], how="diagonal")
        return Measured(**({"uplift_curves": UpliftCurves.empty(), "uplift_comparison": compared} | of_then))
    assignments = Past.before(at.workplace, at.date).assignments
    known = known_users(
        compared_users(assignments, at.date, horizon_days).rows,
        outcomes_of(at.workplace, assignments, at.date, horizon_days),
        margin_share=at.workplace.settings.decisions.margin_share,
        profiles=profiles_of(at.workplace, assignments, horizon_days),
    )
    now = eligible_users_at(at.workplace, at.date).select(
        "user_id", campaign=pl.lit("now"), assigned_at=pl.lit(at.date).cast(pl.Datetime("us"))
    )
    eligible = profiles_of(at.workplace, now, horizon_days).select("user_id", **PROFILE)
    treatments = [option.treatment for option in options_of(at.workplace.settings.decisions)]
    effects, comparison = user_effects(known, eligible, treatments, at.date), uplift_comparison(known, at.date)
    return Measured(effects, comparison, uplift_curves(known, at.date))
