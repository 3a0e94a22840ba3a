"""Waiting: only where a message to somebody who had one is proven to lose more than the time does, on every side."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from churn_assets.catalogue.arms import Arm
from churn_assets.decisions.decide import decide
from churn_assets.decisions.policies import policy_version
from churn_assets.decisions.waiting import Fatigue, days_since_last, waited_days, waiting
from churn_assets.effects.fatigue import cautious_loss, fatigue_effects
from churn_assets.settings import Decisions
from tests.unit.decisions.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCandidates = Callable[..., pl.DataFrame]

COUPON = Arm(arm="coupon", channel="email", template="t", cost_amount=2, assumed_lift=0.10)
SETTINGS = plain(policy="value", arms=(COUPON,), holdout_share=0.2, margin_share=1.0, budget_amount=1e6)
ASSIGNED = datetime(2026, 3, 2)


def fatigue(loss: float, **days: int) -> Fatigue:
    """`days`: since the last message, by user; a rest of 14 days, weekly plans, a window of 28 days."""
    last = pl.DataFrame({"user_id": list(days), "days": list(days.values())}, schema_overrides={"days": pl.Int64})
    return Fatigue(last, loss, rest_days=14, cadence_days=7, horizon_days=28)


def decided(candidates: pl.DataFrame, snapshot: date, tired: Fatigue | None, **changes: Any) -> dict[str, Any]:
    chosen = SETTINGS.model_copy(update=changes)
    ledger = decide(candidates, chosen, snapshot, fatigue=tired).ledger
    return {row["user_id"]: row for row in ledger.iter_rows(named=True)}


def test_without_evidence_nothing_changes(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({} for _ in range(50)))
    rested = decide(candidates, SETTINGS, snapshot)
    unknown = decide(candidates, SETTINGS, snapshot, fatigue=fatigue(0.0, **{f"u{n:03d}": 1 for n in range(50)}))
    assert rested.ledger.equals(unknown.ledger)
    assert policy_version(Decisions(waiting="learned")) != policy_version(Decisions())


def test_who_had_a_message_lately_waits_where_that_costs_more_than_the_time(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    """A profit of 8. After 8 days one plan is lost, a quarter of the window: 2. After 3 days two of them: 4."""
    candidates = make_candidates({}, {}, {}, {})
    days = {"u000": 8, "u001": 3, "u002": 14}
    costly = decided(candidates, snapshot, fatigue(2.5, **days), holdout_share=0.0)
    assert [costly[f"u00{n}"]["binding_constraint"] for n in range(4)] == ["waits", None, None, None]
    dear = decided(candidates, snapshot, fatigue(4.5, **days), holdout_share=0.0)
    assert [dear[f"u00{n}"]["binding_constraint"] for n in range(4)] == ["waits", "waits", None, None]
    assert dear["u000"]["propensity"] == 1


def test_nobody_waits_for_longer_in_a_row_than_a_rest_takes(make_candidates: MakeCandidates, snapshot: date) -> None:
    """Somebody else writes to the user every week, so the user never rests: every third plan is for the user."""
    candidates, plans, waits = make_candidates({}, {}), [], []
    for week in range(7):
        day = snapshot + timedelta(weeks=week)
        tired = replace(fatigue(2.5, u000=8), waited=waited_days(plans, day, 7))
        rows = decided(candidates.with_columns(snapshot_date=pl.lit(day)), day, tired, holdout_share=0.0)
        waits.append(rows["u000"]["binding_constraint"] == "waits")
        assert rows["u001"]["binding_constraint"] is None
        plans.append((day, pl.DataFrame(list(rows.values()), infer_schema_length=None)))
    assert waits == [True, True, False, True, True, False, True]


def test_a_plan_that_was_left_out_ends_a_row() -> None:
    def ledger(*users: str) -> pl.DataFrame:
        return pl.DataFrame({"user_id": users, "binding_constraint": ["waits"] * len(users)})

    first, second, third = (date(2026, 3, 2) + timedelta(weeks=week) for week in range(3))
    after = third + timedelta(weeks=1)
    plans = [(first, ledger("a", "b")), (second, ledger("b")), (third, ledger("a", "b"))]
    assert waited_days(plans, after, 7).rows() == [("a", 7), ("b", 21)]
    assert waited_days(plans, after + timedelta(weeks=1), 7).rows() == []
    assert waited_days([plans[0], plans[2]], after, 7).rows() == [("a", 7), ("b", 7)]
    assert waited_days([], after, 7).rows() == []


def test_the_holdout_waits_as_the_others_do(make_candidates: MakeCandidates, snapshot: date) -> None:
    """Waiting depends on what was meant and on nothing that chance drew: sides keep their shares."""
    candidates = make_candidates(*({} for _ in range(400)))
    rows = decided(candidates, snapshot, fatigue(5.0, **{f"u{n:03d}": 3 for n in range(0, 400, 2)}))
    waits = [row for row in rows.values() if row["binding_constraint"] == "waits"]
    assert len(waits) == 200
    assert any(row["is_holdout"] for row in waits)
    assert {row["intended_arm"] for row in waits} == {"none"}


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    profit=st.lists(st.floats(-20, 50), min_size=1, max_size=4), loss=st.floats(0, 60), days=st.integers(0, 40)
)  # fmt: skip
def test_now_or_later_is_what_is_worth_more(profit: list[float], loss: float, days: int) -> None:
    users, tired = pl.DataFrame({"user_id": ["u"]}), fatigue(loss, u=days)
    waits, now = waiting(np.array([[value if value > 0 else -np.inf for value in profit]]), users, tired)
    best = max([value for value in profit if value > 0], default=0.0)
    lost = loss if days < 14 else 0.0
    later = best * tired.left_share(users)[0]
    assert waits[0] == (best > 0 and lost > 0 and later > best - lost)
    assert now.max() == (-np.inf if waits[0] or best <= 0 else pytest.approx(best - lost))


def test_what_was_meant_counts_as_a_message() -> None:
    def at(*rows: tuple[str, datetime]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema={"user_id": pl.String, "sent_at": pl.Datetime("us")}, orient="row")

    day = pl.lit(datetime(2026, 3, 16))
    found = days_since_last(at(("a", datetime(2026, 3, 1, 9))), at(("b", ASSIGNED), ("a", ASSIGNED)), day)
    assert sorted(found.rows()) == [("a", 14), ("b", 14)]


def experiment(seed: int, users: int, recent_effect: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A message brings 2 to rested users; half had one in the week before."""
    rng = np.random.default_rng(seed)
    is_treated, is_recent = rng.random(users) < 0.5, rng.random(users) < 0.5
    margin = rng.normal(5, 3, users) + is_treated * np.where(is_recent, recent_effect, 2.0)
    known = pl.DataFrame({
        "user_id": [f"u{n}" for n in range(users)], "treatment": "coupon", "campaign": "c", "stratum": "c#0",
        "is_treated": is_treated, "propensity": 0.5, "assigned_at": [ASSIGNED] * users, "margin_amount": margin,
        "spent_before_amount": 0.0, "orders_before_count": 0.0,
    })  # fmt: skip
    sent = [(f"u{n}", ASSIGNED - timedelta(days=7)) for n in np.flatnonzero(is_recent)]
    later = [(f"u{n}", ASSIGNED) for n in range(users)]  # the message itself, and what comes after, is none before
    schema = {"user_id": pl.String, "sent_at": pl.Datetime("us")}
    return known, pl.DataFrame(sent + later, schema=schema, orient="row")


def test_a_loss_is_found_where_there_is_one_and_hardly_ever_where_there_is_none() -> None:
    row = fatigue_effects(*experiment(1, 8_000, 0.5), rest_days=14, snapshot=date(2026, 6, 1)).row(0, named=True)
    assert row["loss"] == pytest.approx(1.5, abs=4 * row["loss_error"])
    assert 0 < row["loss_amount"] < row["loss"]
    assert row["users_recent"] + row["users_rested"] == 8_000
    alarms = [
        fatigue_effects(*experiment(seed, 600, 2.0), rest_days=14, snapshot=date(2026, 6, 1)).item(0, "loss_amount") > 0
        for seed in range(100)
    ]
    assert sum(alarms) <= 20, "1 in 10 by chance"


def test_nothing_to_compare_is_no_loss() -> None:
    known, contacts = experiment(1, 200, 0.5)
    for rows, sent in ((known.clear(), contacts), (known, contacts.clear())):
        row = fatigue_effects(rows, sent, rest_days=14, snapshot=date(2026, 6, 1)).row(0, named=True)
        assert (row["loss"], row["loss_amount"], row["treatments"]) == (None, 0.0, 0)


@given(loss=st.floats(-50, 50), error=st.floats(0.01, 50), effect=st.floats(0, 50))
def test_the_loss_reckoned_with_is_never_more_than_what_was_measured(loss: float, error: float, effect: float) -> None:
    assert 0 <= cautious_loss(loss, error, effect) <= max(loss, 0.0)


def test_a_message_that_would_lose_more_than_it_brings_is_no_gain(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    """Who has waited for long enough is written to only where it pays all the same: a profit of 8, a loss of 9."""
    waited = pl.DataFrame({"user_id": ["u000"], "waited_days": [14]})
    tired = replace(fatigue(9.0, u000=1), waited=waited)
    rows = decided(make_candidates({}, {}), snapshot, tired, holdout_share=0.0)
    assert [rows[user]["binding_constraint"] for user in ("u000", "u001")] == ["no_gain", None]
