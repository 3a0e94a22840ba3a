from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.always_valid import always_valid_reach
from churn_assets.effects.program import NOW, SINCE, members, program_effects, readings
from churn_assets.effects.sentences import program_sentence
from tests.unit.effects.weeks import SNAPSHOT, WINDOW_DAYS, outcomes, week

USERS = 4_000


def ledger(number: int, users: range, holdout: set[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": [f"u{user:05}" for user in users],
            "is_holdout": [user in holdout for user in users],
            "decided_at": week(number),
        },
        schema_overrides={"decided_at": pl.Datetime("us")},
    )


HELD = set(range(0, USERS, 10))
LEDGERS = [ledger(0, range(3_000), HELD), ledger(1, range(USERS), HELD), ledger(19, range(USERS), HELD)]


def test_everybody_counts_once_from_the_first_decision() -> None:
    users, changed = members(LEDGERS)
    assert (users.height, users["user_id"].n_unique(), changed) == (USERS, USERS, 0)
    assert users["assigned_at"].value_counts(sort=True).rows() == [(week(0), 3_000), (week(1), 1_000)]
    assert int((~users["is_treated"]).sum()) == len(HELD)


def test_who_has_changed_sides_belongs_to_neither() -> None:
    users, changed = members([*LEDGERS, ledger(20, range(20), {0})])  # user 10 was held out before
    assert (users.height, changed) == (USERS - 1, 1)
    assert "u00010" not in users["user_id"]


def test_erased_users_and_no_ledger() -> None:
    erased = ledger(0, range(3), set()).with_columns(user_id=pl.lit("erased-") + pl.col("user_id"))
    assert members([erased])[0].is_empty()
    assert members([])[0].is_empty()


def test_retention_is_read_of_those_who_came_in_a_window_ago() -> None:
    users, _ = members([*LEDGERS, ledger(20, range(USERS, USERS + 5), set())])
    both = readings(users, SNAPSHOT, WINDOW_DAYS)
    assert dict(both["campaign"].value_counts().rows()) == {SINCE: USERS + 5, NOW: USERS}


@pytest.mark.parametrize(("gain", "proven"), [(0.15, True), (0.0, False)])
def test_what_the_programme_has_earned(gain: float, proven: bool) -> None:
    users, _ = members(LEDGERS)
    both = readings(users, SNAPSHOT, WINDOW_DAYS).join(users.select("user_id", "is_treated"), on="user_id")
    arms = both.with_columns(arm=pl.when("is_treated").then(pl.lit("any")).otherwise(pl.lit("none")))
    results = outcomes(np.random.default_rng(3), arms, {"any": gain})

    result = program_effects(users, results, snapshot=SNAPSHOT, margin_share=0.3, recorded=["orders"])

    rows = {row["metric"]: row for row in result.iter_rows(named=True)}
    assert set(rows) == {"retained", "orders_count", "spent_amount", "margin_amount"}
    retained = rows["retained"]
    assert (retained["users"], retained["holdout_users"], retained["since_date"]) == (3_600, 400, week(0).date())
    assert retained["effect_low"] < gain < retained["effect_high"]
    assert (retained["always_valid_low"] > 0) == proven
    assert retained["total"] == pytest.approx(retained["effect"] * 3_600)
    assert program_sentence(retained).endswith(
        "since 2026-01-05: " + ("proven, however often it is looked at" if proven else "not proven yet")
    )


def test_an_always_valid_interval_is_wider_and_shrinks() -> None:
    reaches = [always_valid_reach(error, 1.0) / error for error in (0.01, 0.03, 0.1)]
    assert all(reach > 2.4 for reach in reaches)
    assert always_valid_reach(0.01, 1.0) < always_valid_reach(0.03, 1.0)


def test_weekly_looks_stay_below_five_in_a_hundred() -> None:
    """A 95 % interval that is read in each of 52 weeks leaves out the truth in one of them for more than 30 of 100."""
    random = np.random.default_rng(8)
    means = np.cumsum(random.normal(0, 1, (2_000, 52, 20)).sum(axis=2), axis=1)
    users = 20 * np.arange(1, 53)
    errors = 1 / np.sqrt(users)
    reach = np.array([always_valid_reach(error, 1.0) for error in errors])
    ever_fixed = (np.abs(means / users) > 1.96 * errors).any(axis=1).mean()
    ever_valid = (np.abs(means / users) > reach).any(axis=1).mean()
    assert ever_fixed > 0.3
    assert ever_valid < 0.05
