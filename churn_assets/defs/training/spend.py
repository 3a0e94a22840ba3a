"""What users will spend if kept: learned anew at each snapshot from the slices whose days have passed."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from churn_assets.contracts.spend_calibration import SpendCalibration
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.defs.snapshot_checks import CheckOutcome, snapshot_check
from churn_assets.model.spend import fit_spend
from churn_assets.model.spend_calibration import spend_calibration
from churn_assets.stages import Stage
from churn_assets.warehouse.spend import slices_with_spend

TABLE = (Stage.TRAINING, "spend_calibration")
MAX_RATIO, MIN_USERS = 1.25, 100  # fewer users kept: their mean spend itself is not known to a quarter


@snapshot_assets(
    Stage.TRAINING,
    {"spend_model": None, "spend_calibration": SpendCalibration},
    deps=[[Stage.TRAINING, "training_set"], [Stage.MARTS, "fct_orders"], [Stage.MARTS, "fct_returns"]],
    kinds={"sklearn", "polars"},
    owner="team:data-science",
)
def spend_model(at: Snapshot) -> Iterator[Product]:
    """
    spend_model: What a user will spend in scoring.value_days if kept, by rhythm, purchases, recency and tenure.
    spend_calibration: One row per band of tenure and recency: what users kept were expected to spend, and did spend.
    """
    days = at.workplace.settings.scoring.value_days
    training = at.workplace.tables.read(Stage.TRAINING, "training_set", at.date)
    slices = slices_with_spend(at.workplace, at.date, training, days)
    model = fit_spend(slices, days)
    calibration = spend_calibration(slices, days, snapshot=at.date)
    yield Product("spend_model", model.to_bytes(), {"users_kept": model.users_kept, "is_learned": model.is_learned})
    ratios = dict(calibration.select(pl.col("dimension") + " " + pl.col("band"), "ratio").iter_rows())
    yield Product(
        "spend_calibration",
        calibration,
        {f"expected by spent, {band} (times)": ratio for band, ratio in ratios.items()},
    )


@snapshot_check(*TABLE, severity=dg.AssetCheckSeverity.WARN, is_newest_enough=True)
def expected_spend_is_right(at: Snapshot) -> CheckOutcome:
    """Users kept spent what was expected of them, within a quarter, in each band of tenure and recency (100 users)."""
    bands = at.workplace.tables.read(*TABLE, at.date).filter(pl.col("users") >= MIN_USERS)
    wrong = bands.filter(~pl.col("ratio").is_between(1 / MAX_RATIO, MAX_RATIO))
    named = [
        f"{band} ({dimension}): {ratio:.2f}"
        for dimension, band, ratio in wrong.select("dimension", "band", "ratio").iter_rows()
    ]
    return CheckOutcome(
        passed=wrong.is_empty(),
        figures={"bands": bands.height, "bands_wrong": ", ".join(named) or "none"},
        sentence=f"Expected by true spend of users kept is off: {', '.join(named)}; see training.spend_calibration.",
    )
