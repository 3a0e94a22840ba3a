"""The bake-off as a table: honest intervals, thresholds from older rows, segments, and rows in any order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.model_bakeoffs import ModelBakeoffs
from churn_assets.model.bakeoff import BakeOff, bake_off
from churn_assets.model.profit import break_even
from churn_assets.model.rivals import Fit
from churn_assets.model.segments import NEW_DAYS
from churn_assets.model.slices import LeakingSplit, NothingToTest
from churn_assets.settings import Profit, Training

FIRST, HORIZON, USERS = date(2026, 1, 5), 28, 600
DAYS = [FIRST + timedelta(days=HORIZON * i) for i in range(4)]
SNAPSHOT = FIRST + timedelta(days=HORIZON * 4)
PROFIT = Profit(user_value_amount=100, offer_cost_amount=20, acceptance_alpha=5, acceptance_beta=5)


class Column:
    """A model that was learned elsewhere: a column of the frame as log-odds."""

    def __init__(self, name: str) -> None:
        self.name = name

    def log_odds(self, frame: pl.DataFrame) -> np.ndarray:
        return frame[self.name].to_numpy()


def column(name: str) -> Fit:
    return lambda _: Column(name)


FITS: Mapping[str, Fit] = {
    "recency": column("noise"),
    "logistic_rfm": column("weak"),
    "logistic": column("fair"),
    "catboost": column("strong"),
}


def make_rows() -> pl.DataFrame:
    random, more = np.random.default_rng(3), np.random.default_rng(4)
    frames = []
    for day in DAYS:
        truth = random.normal(size=USERS)
        frames.append(
            pl.DataFrame(
                {
                    "user_id": [f"u{i:04d}" for i in range(USERS)],
                    "snapshot_date": [day] * USERS,
                    "matures_at": [datetime.combine(day + timedelta(days=HORIZON), datetime.min.time())] * USERS,
                    "is_churned": random.random(USERS) < 1 / (1 + np.exp(-2 * truth)),
                    "noise": random.normal(size=USERS),
                    "weak": truth + 1.5 * random.normal(size=USERS),
                    "fair": truth + more.normal(size=USERS),
                    "strong": 2 * truth,
                    "tenure_days": np.arange(USERS) % 200,
                    "orders_count": 1 + (np.arange(USERS) > 20),
                    "recency_days": np.arange(USERS) % 50,
                },
                schema_overrides={"matures_at": pl.Datetime("us")},
            )
        )
    return pl.concat(frames)


ROWS = make_rows()


def baked(rows: pl.DataFrame, **changed: Any) -> BakeOff:
    arguments: dict[str, Any] = {
        "snapshot": SNAPSHOT, "gap_days": 0, "horizon_days": HORIZON, "settings": Training(bakeoff_slices=2),
        "profit": PROFIT, "clock": lambda: 0.0, "on_fit": lambda *_: None,
    }  # fmt: skip
    return bake_off(rows, FITS, **(arguments | changed))


@pytest.fixture(scope="module")
def once() -> BakeOff:
    return baked(ROWS)


def one(frame: pl.DataFrame, **values: object) -> dict[str, Any]:
    (row,) = frame.filter(**values).to_dicts()
    return row


def test_the_table_holds_its_contract_and_the_newest_slices(once: BakeOff) -> None:
    ModelBakeoffs.validate(once.table, lazy=True)
    assert once.table["slice_date"].unique().sort().to_list() == DAYS[2:]
    assert set(once.table["model"]) == {"recency", "logistic_rfm", "logistic", "catboost", "blend"}


def test_a_model_that_guesses_has_an_interval_around_a_half(once: BakeOff) -> None:
    for row in once.table.filter(model="recency", segment="all").to_dicts():
        assert row["auc_low"] < 0.5 < row["auc_high"]
        assert row["auc_high"] - row["auc_low"] < 0.15
        assert row["lead_catboost_high"] < 0


def test_leads_are_paired_differences(once: BakeOff) -> None:
    catboost, rfm = (one(once.table, model=m, slice_date=DAYS[3], segment="all") for m in ("catboost", "logistic_rfm"))
    assert catboost["lead_logistic_rfm"] == pytest.approx(catboost["auc"] - rfm["auc"])
    assert catboost["lead_logistic_rfm_low"] < catboost["lead_logistic_rfm"] < catboost["lead_logistic_rfm_high"]
    assert rfm["lead_catboost_low"] == pytest.approx(-catboost["lead_logistic_rfm_high"])
    apart = (catboost["auc_high"] - catboost["auc_low"]) ** 2 + (rfm["auc_high"] - rfm["auc_low"]) ** 2
    assert catboost["lead_logistic_rfm_high"] - catboost["lead_logistic_rfm_low"] < 0.95 * apart**0.5


def test_neither_threshold_nor_probability_come_from_the_rows_tested(once: BakeOff) -> None:
    """Turning every label of the newest slice round changes what is found there, and nothing that was decided."""
    turned = baked(ROWS.with_columns(is_churned=pl.col("is_churned") != (pl.col("snapshot_date") == DAYS[3])))
    decided = ["model", "segment", "threshold", "flagged_share"]
    newest = [frame.table.filter(slice_date=DAYS[3], segment="all") for frame in (once, turned)]
    assert newest[0].select(decided).equals(newest[1].select(decided))
    assert once.newest.drop("is_churned").equals(turned.newest.drop("is_churned"))
    assert not newest[0]["precision"].equals(newest[1]["precision"])


def test_the_threshold_earns_on_later_users_nearly_what_the_best_one_does(once: BakeOff) -> None:
    row = one(once.table, model="catboost", slice_date=DAYS[3], segment="all")
    assert row["threshold"] == pytest.approx(break_even(PROFIT), abs=0.1)
    assert 0.85 * row["profit_amount"] < row["threshold_profit_amount"] <= row["profit_amount"]


def test_the_first_slice_has_no_older_one_and_takes_the_break_even_threshold() -> None:
    found = baked(ROWS, settings=Training(bakeoff_slices=9)).table
    assert set(found.filter(slice_date=DAYS[1])["threshold"]) == {break_even(PROFIT)}
    assert break_even(PROFIT) not in set(found.filter(slice_date=DAYS[2])["threshold"])


def test_segments_hold_their_users_where_there_are_enough(once: BakeOff) -> None:
    newest = once.table.filter(slice_date=DAYS[3], model="blend")  # 21 users bought once
    assert newest["segment"].to_list() == [
        "all",
        "bought_again",
        "recent",
        "silent",
        "new",
        "established",
    ]
    rows = dict(newest.select("segment", "rows").iter_rows())
    assert rows["new"] == 3 * (NEW_DAYS + 1)
    assert rows["new"] + rows["established"] == rows["all"] == USERS


def test_the_order_of_rows_changes_nothing(once: BakeOff) -> None:
    again = baked(ROWS.sample(fraction=1, shuffle=True, seed=5))
    assert again.table.equals(once.table)
    assert again.newest.equals(once.newest)


def test_what_has_not_matured_or_is_too_little_is_refused() -> None:
    with pytest.raises(LeakingSplit, match=rf"not over by {DAYS[3]}"):
        baked(ROWS, snapshot=DAYS[3])
    with pytest.raises(NothingToTest, match="holds 1 slices, none with enough"):
        baked(ROWS.filter(snapshot_date=DAYS[0]))
