"""The truth is true: probabilities agree with what then happened, effects with what campaigns did."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from churn_assets.shop import ShopSettings
from churn_assets.shop.campaigns import ARMS, PurchaseHistory, observable, responses
from churn_assets.shop.hazard import initial_state
from churn_assets.shop.orders import CANCELLED_SHARE
from churn_assets.shop.outlook import churn_probability, expected_orders, leaving_probability, outlook
from churn_assets.shop.scene import Scene, draw_scene

END = date(2026, 11, 16)
HORIZON = timedelta(days=28)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return draw_scene(ShopSettings(end=END, users=4_000, weeks=30), ARMS)


def happened(clean: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Orders that were not cancelled, as far as known at the end."""
    newest = clean["orders"].sort("ingested_at").unique("order_id", keep="last")
    return newest.filter(pl.col("status") != "cancelled")


def test_churn_probability_agrees_with_what_happened(
    clean: dict[str, pl.DataFrame], true: dict[str, pl.DataFrame]
) -> None:
    snapshot = END - timedelta(weeks=8)
    start = datetime.combine(snapshot, datetime.min.time())
    bought = happened(clean).filter(pl.col("ordered_at").is_between(start, start + HORIZON, closed="left"))
    truth = true["leaving"].filter(pl.col("snapshot_date") == snapshot)
    truth = truth.with_columns(churned=~pl.col("user_id").is_in(bought["user_id"].implode()))
    for band in truth.with_columns(band=(pl.col("churn_probability") * 5).floor().clip(0, 4)).partition_by("band"):
        stated, seen = band["churn_probability"].mean(), band["churned"].mean()
        assert isinstance(stated, float)
        assert isinstance(seen, float)
        assert abs(stated - seen) < 0.01 + 4 * (stated * (1 - stated) / band.height) ** 0.5, (stated, seen)


def test_leaving_probability_agrees_with_who_left(true: dict[str, pl.DataFrame]) -> None:
    snapshot = END - timedelta(weeks=8)
    start = datetime.combine(snapshot, datetime.min.time())
    truth = true["leaving"].filter(pl.col("snapshot_date") == snapshot).join(true["users"], on="user_id")
    left = truth.select((pl.col("left_at") < start + HORIZON).fill_null(value=False)).to_series()
    stated, seen = truth["leaving_probability"].mean(), left.mean()
    assert isinstance(stated, float)
    assert isinstance(seen, float)
    assert abs(stated - seen) < 0.02
    gone = truth.filter(pl.col("left_at") < start)
    assert (gone["leaving_probability"] == 1).all()
    assert (gone["churn_probability"] == 1).all()


def test_nobody_buys_after_leaving_but_somebody_still_looks(
    clean: dict[str, pl.DataFrame], true: dict[str, pl.DataFrame]
) -> None:
    left = true["users"].filter(pl.col("left_at").is_not_null()).select("user_id", "left_at")
    assert left.height > 100
    assert clean["orders"].join(left, on="user_id").filter(pl.col("ordered_at") >= pl.col("left_at")).height == 0
    looks = clean["events"].join(left, on="user_id").filter(pl.col("occurred_at") >= pl.col("left_at"))
    assert 0 < looks.height < 0.01 * clean["events"].height


def test_browsing_falls_before_leaving(clean: dict[str, pl.DataFrame], true: dict[str, pl.DataFrame]) -> None:
    left = true["users"].filter(pl.col("left_at") > pl.lit(END) - pl.duration(weeks=18)).select("user_id", "left_at")
    weeks = clean["events"].join(left, on="user_id").with_columns(
        before=(pl.col("left_at") - pl.col("occurred_at")).dt.total_days() // 7
    )  # fmt: skip
    count = {row[0]: row[1] for row in weeks.group_by("before").len().iter_rows()}
    assert count[0] < 0.5 * count[8]


def test_leaving_follows_bad_experience(clean: dict[str, pl.DataFrame], true: dict[str, pl.DataFrame]) -> None:
    orders = clean["orders"].filter(
        (pl.col("status") == "delivered") & (pl.col("ordered_at") < pl.lit(END) - pl.duration(weeks=12))
    )
    is_late = pl.col("delivered_at") >= pl.col("promised_at") + pl.duration(days=1)
    soon = (pl.col("left_at") < pl.col("ordered_at") + pl.duration(weeks=12)).fill_null(value=False)
    rows = orders.join(true["users"], on="user_id").select(late=is_late, gone=soon)
    late, in_time = rows.filter("late")["gone"].mean(), rows.filter(~pl.col("late"))["gone"].mean()
    assert isinstance(late, float)
    assert isinstance(in_time, float)
    assert late > in_time + 0.05, (late, in_time)


@pytest.mark.parametrize("arm", ["control", *ARMS])
def test_campaigns_did_what_the_truth_says(
    clean: dict[str, pl.DataFrame], true: dict[str, pl.DataFrame], arm: str
) -> None:
    sent = clean["contacts"].filter(pl.col("arm") == arm).unique("contact_id")
    sent = sent.select("user_id", snapshot_date=pl.col("sent_at").dt.date())
    sent = sent.filter(pl.col("snapshot_date") <= END - timedelta(weeks=5))
    column = "retained_probability_without" if arm == "control" else "retained_probability"
    lookup = true["effects"].filter(pl.col("arm") == (ARMS[0] if arm == "control" else arm))
    rows = sent.join(lookup, on=["user_id", "snapshot_date"])
    assert rows.height == sent.height
    bought = rows.join(happened(clean).select("user_id", "ordered_at"), on="user_id").filter(
        pl.col("ordered_at").is_between("snapshot_date", pl.col("snapshot_date") + HORIZON, closed="left")
    )
    seen = bought.select("user_id", "snapshot_date").n_unique() / rows.height
    stated = rows[column].mean()
    assert isinstance(stated, float)
    assert abs(seen - stated) < 4 * (stated * (1 - stated) / rows.height) ** 0.5, (seen, stated)


def test_effects_name_all_four_kinds_and_help_a_little_on_average(true: dict[str, pl.DataFrame]) -> None:
    effects = true["effects"].with_columns(
        gain=pl.col("retained_probability") - pl.col("retained_probability_without")
    )  # fmt: skip
    for arm in ARMS:
        rows = effects.filter(pl.col("arm") == arm)
        gain = rows["gain"].mean()
        assert isinstance(gain, float)
        assert 0 < gain < 0.05, (arm, gain)
        assert set(rows["kind"]) == {"persuadable", "sure_thing", "lost_cause", "sleeping_dog"}
    assert (effects.filter(pl.col("kind") == "persuadable")["gain"] >= 0.02).all()
    assert (effects.filter(pl.col("kind") == "sleeping_dog")["gain"] <= -0.02).all()


def test_drawn_outcomes_agree_with_expected_ones(true: dict[str, pl.DataFrame]) -> None:
    rows = true["effects"].filter(pl.col("arm") == ARMS[0])
    for suffix in ("", "_without"):
        pairs = ((f"is_retained_drawn{suffix}", f"retained_probability{suffix}"),
                 (f"spend_drawn_amount{suffix}", f"spend_amount{suffix}"))  # fmt: skip
        for drawn, expected in pairs:
            gap = rows.select(pl.col(drawn).cast(pl.Float64) - pl.col(expected)).to_series()
            mean, spread = gap.mean(), gap.std()
            assert isinstance(mean, float)
            assert isinstance(spread, float)
            assert abs(mean) < 4 * spread / rows.height**0.5, drawn


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("arm", ARMS)
def test_observables_explain_their_share_of_the_response(share: float, arm: str) -> None:
    scene = draw_scene(ShopSettings(end=END, users=4_000, weeks=30, explained_share=share), ARMS)
    rng = np.random.default_rng(5)
    orders = rng.poisson(4, 4_000)
    history = PurchaseHistory(orders, rng.binomial(orders, 0.3), rng.integers(0, 28, 4_000))
    among = scene.is_present(28)
    seen, response = observable(history, 28, arm, among)[among], responses(scene, history, 28)[arm][among]
    assert np.corrcoef(seen, response)[0, 1] ** 2 == pytest.approx(share, abs=0.05)


def test_the_outlook_knows_the_certain_cases(scene: Scene) -> None:
    state = initial_state(4_000)
    state.leaving_in[0] = 1  # gone before the first of the four weeks
    state.left_week[1] = 3
    view = outlook(scene, 20, state, 1 - CANCELLED_SHARE)
    churn, leaving, orders = churn_probability(view), leaving_probability(view), expected_orders(view)
    assert churn[:2].tolist() == [1, 1]
    assert leaving[:2].tolist() == [1, 1]
    assert orders[:2].tolist() == [0, 0]
    assert ((churn[2:] > 0) & (churn[2:] < 1) & (leaving[2:] > 0) & (leaving[2:] < 1)).all()
    assert (1 - churn <= orders + 1e-12).all()  # P(at least one) is at most the expected number
