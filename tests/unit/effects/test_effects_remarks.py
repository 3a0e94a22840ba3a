"""What is odd about a campaign is noted beside its figure, or instead of it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.readout import readout
from churn_assets.effects.remarks import notes_by_campaign
from tests.unit.effects.experiments import ASSIGNED, SNAPSHOT, TIME, both, experiment, part, read, zeros


def test_control_and_none_are_both_left_alone() -> None:
    rows = read(*experiment(control=[(0, 0.0), (1, 2.0)] * 4, none=[(1, 4.0)] * 8, coupon=[(1, 9.0)] * 8))
    row = rows["coupon", "retained"]

    assert (row["control_arm"], row["control_users"], row["control_mean"]) == ("control", 16, 0.75)
    assert row["note"] == "arms control and none are read together as left alone"


def test_an_arm_left_alone_is_known_in_capitals_too() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0), (1, 1.0)] * 4, coupon=[(1, 1.0)] * 8)
    shouted = assignments.with_columns(pl.col("arm").replace({"control": "CONTROL"}))

    assert read(shouted, outcomes)["coupon", "retained"] == read(assignments, outcomes)["coupon", "retained"]


@pytest.mark.parametrize(
    ("propensity", "users", "note"),
    [
        (None, (5, 6), "1 users whose propensity is unknown or 0 left out"),
        (0.0, (5, 6), "1 users whose propensity is unknown or 0 left out"),
        (1.0, (5, 6), "1 users of strata without 2 users on both sides left out"),
    ],
)
def test_users_without_a_usable_propensity_are_left_out_and_counted(
    propensity: float | None, users: tuple[int, int], note: str
) -> None:
    assignments, outcomes = experiment(control=[(0, 0.0), (1, 1.0)] * 3, coupon=[(1, 1.0), (0, 0.0)] * 3)
    odd = pl.when(pl.col("user_id") == "coupon5").then(pl.lit(propensity, pl.Float64)).otherwise("propensity")
    row = read(assignments.with_columns(propensity=odd), outcomes)["coupon", "retained"]

    assert (row["users"], row["control_users"]) == users
    assert row["effect"] == pytest.approx(0.6 - 0.5)
    assert note in row["note"]


def test_a_campaign_without_any_propensity_is_left_out_with_a_note() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0)] * 3, coupon=[(1, 1.0)] * 3)
    row = read(assignments.with_columns(propensity=pl.lit(None, pl.Float64)), outcomes)["coupon", "retained"]

    assert (row["users"], row["control_users"], row["effect"], row["sample_ratio_p_value"]) == (3, 3, None, None)
    assert row["note"].startswith("left out: nobody has a propensity")


def test_a_campaign_that_runs_on_is_read_as_far_as_windows_have_closed() -> None:
    """Mailed every week for 20 weeks: no day on which all windows are closed."""
    weeks = [
        part({"control": (0.5, 10, 4), "mail": (0.5, 10, 6)}, ASSIGNED + timedelta(weeks=week), f"w{week}-")
        for week in range(20)
    ]
    assignments, outcomes = both(*weeks)
    snapshot = (ASSIGNED + timedelta(weeks=19, days=1)).date()
    row = read(assignments, outcomes.filter(~pl.col("user_id").str.starts_with("w19-")), snapshot=snapshot)[
        "mail", "retained"
    ]

    assert (row["users"], row["is_matured"], row["matures_at"]) == (160, True, ASSIGNED + timedelta(weeks=15, days=28))
    assert row["effect"] == pytest.approx(0.2)
    assert row["note"] == "still running: 80 users whose windows are open are not read yet"


def test_sizes_and_propensities_that_do_not_fit_are_noted() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0), (1, 1.0)] * 5, coupon=[(0, 0.0), (1, 1.0)] * 80)
    half = assignments.with_columns(propensity=pl.lit(0.35))

    off, partial = (read(frame, outcomes)["coupon", "retained"] for frame in (assignments, half))
    assert "; arms do not have the sizes that their propensities say" in off["note"]
    assert not off["is_sample_ratio_ok"]
    assert partial["note"].endswith("stated propensities add up to 0.7: an arm is not known")
    assert (off["effect"], partial["effect"]) == (None, None)


def test_users_of_two_campaigns_at_a_time_are_counted() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0), (1, 1.0)] * 3, coupon=[(1, 1.0), (0, 0.0)] * 3)
    near, far = (
        assignments.head(4).with_columns(
            campaign=pl.lit(name), assigned_at=pl.lit(ASSIGNED - timedelta(days=days)).cast(TIME)
        )
        for name, days in (("near", 27), ("far", 56))
    )
    rows = readout(
        pl.concat([assignments, near, far]),
        pl.concat([outcomes, zeros(near), zeros(far)]),
        window_days=28,
        snapshot=SNAPSHOT,
    )
    notes = dict(rows.filter(metric="retained").select("campaign", "note").iter_rows())
    assert notes == {"c1": "4 of 12 users were in another campaign within the window"}, "near and far treat nobody"


def test_every_odd_campaign_has_a_figure_or_a_note() -> None:
    """Whatever contacts say of arms, propensities and times: no error, and nothing without figure and note."""
    random = np.random.default_rng(11)
    arms = np.array(["control", "none", "Control", "mail", "call"])
    for _ in range(60):
        users = int(random.integers(1, 40))
        frame = pl.DataFrame(
            {
                "campaign": [f"c{n}" for n in random.integers(0, 4, users)],
                "user_id": [f"u{n}" for n in range(users)],
                "arm": random.choice(arms[: random.integers(1, 6)], users),
                "propensity": random.choice([None, 0.0, 0.1, 0.5, 0.9, 1.0], users).astype(object).tolist(),
                "assigned_at": [ASSIGNED + timedelta(days=int(day)) for day in random.integers(0, 70, users)],
            },
            schema_overrides={"propensity": pl.Float64, "assigned_at": TIME},
        )
        outcomes = zeros(frame).with_columns(orders_count=pl.Series(random.integers(0, 3, users)))
        rows = readout(frame, outcomes, window_days=28, snapshot=date(2025, 8, 11))
        notes = notes_by_campaign(rows, set(frame["campaign"]), {})
        silent = rows.filter(pl.col("effect_low").is_null() & pl.col("note").is_null())
        assert silent.is_empty()
        assert set(frame["campaign"]) <= {*notes, *rows.filter(pl.col("effect_low").is_not_null())["campaign"]}
