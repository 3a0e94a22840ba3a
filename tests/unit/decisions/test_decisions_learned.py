"""The policy that learns: without evidence it plans what `value` plans, with much it goes by what was measured."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from churn_assets.catalogue.arms import Arm
from churn_assets.decisions.decide import decide
from churn_assets.decisions.learned import stopped_arms
from churn_assets.decisions.options import options_of
from churn_assets.decisions.summary import stopped_lines
from churn_assets.settings import Decisions

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCandidates = Callable[..., pl.DataFrame]

COUPON = Arm(arm="coupon", channel="email", template="t", answers=("price",), cost_amount=2, assumed_lift=0.10)
REMINDER = Arm(arm="reminder", channel="email", template="t", answers=("price",), cost_amount=0.1, assumed_lift=0.02)


def settings(policy: str, **changes: Any) -> Decisions:
    return Decisions(
        **{
            "arms": (COUPON, REMINDER),
            "holdout_share": 0.0,
            "budget_amount": 1e6,
            "margin_share": 1.0,
            "policy": policy,
        }
        | changes
    )


def measured(*rows: tuple[str, str, float, float, float]) -> pl.DataFrame:
    """user, treatment, effect on margin, its lower bound, the error of the average effect."""
    amounts = ("margin_effect_amount", "margin_low_amount", "margin_error_amount")
    columns = {"user_id": pl.String, "treatment": pl.String} | dict.fromkeys(amounts, pl.Float64)
    return pl.DataFrame(list(rows), schema=columns, orient="row")


def arms(candidates: pl.DataFrame, policy: str, effects: pl.DataFrame | None, snapshot: date) -> list[str]:
    ledger = decide(candidates, settings(policy), snapshot, measured=effects).ledger
    return ledger.sort("user_id")["arm"].to_list()


@pytest.fixture
def candidates(make_candidates: MakeCandidates) -> pl.DataFrame:
    return make_candidates({}, {})


@pytest.mark.parametrize("effects", [None, measured()])
def test_without_evidence_the_plan_is_that_of_the_assumption(
    candidates: pl.DataFrame, effects: pl.DataFrame | None, snapshot: date
) -> None:
    assert arms(candidates, "learned", effects, snapshot) == arms(candidates, "value", effects, snapshot)
    assert arms(candidates, "value", effects, snapshot) == ["coupon", "coupon"]


def test_with_much_evidence_each_user_gets_what_was_measured_for_them(candidates: pl.DataFrame, snapshot: date) -> None:
    effects = measured(
        ("u000", "coupon", -1.0, -1.2, 0.05), ("u000", "reminder", 3.0, 2.5, 0.05),
        ("u001", "coupon", 6.0, 5.0, 0.05), ("u001", "reminder", 1.0, 0.8, 0.05),
    )  # fmt: skip
    assert arms(candidates, "learned", effects, snapshot) == ["reminder", "coupon"]
    assert arms(candidates, "value", effects, snapshot) == ["coupon", "coupon"], "the others do not know it"


def test_nobody_is_treated_where_each_treatment_was_measured_to_harm(candidates: pl.DataFrame, snapshot: date) -> None:
    effects = measured(*((user, arm, -2.0, -2.5, 0.05) for user in ("u000", "u001") for arm in ("coupon", "reminder")))
    assert arms(candidates, "learned", effects, snapshot) == ["none", "none"]


@pytest.mark.parametrize(("error", "arm"), [(1000.0, "coupon"), (0.01, "reminder")])
def test_the_assumption_is_left_behind_as_evidence_comes(
    candidates: pl.DataFrame, error: float, arm: str, snapshot: date
) -> None:
    effects = measured(*((user, "coupon", 0.5, 0.1, error) for user in ("u000", "u001")))
    assert arms(candidates, "learned", effects, snapshot) == [arm, arm]


def test_who_was_not_measured_keeps_the_assumption(candidates: pl.DataFrame, snapshot: date) -> None:
    effects = measured(("u001", "coupon", -5.0, -6.0, 4.0))  # no proof that it loses money
    assert arms(candidates, "learned", effects, snapshot) == ["coupon", "reminder"]


def losing(effect: float, error: float, *lows: float) -> pl.DataFrame:
    """The coupon's effect on every user, with a lower bound each."""
    return measured(*((f"u{n:03d}", "coupon", effect, low, error) for n, low in enumerate(lows)))


def test_an_arm_proven_to_lose_money_is_stopped_whatever_was_assumed(
    make_candidates: MakeCandidates, snapshot: date
) -> None:
    """A small assumption beside a large error keeps most of its weight: proof must count for more than that."""
    candidates = make_candidates({"value_at_risk_amount": 10.0})

    def sent(policy: str, effect: float) -> list[str]:
        return arms(candidates, policy, measured(("u000", "reminder", effect, effect - 0.05, 1.0)), snapshot)

    assert sent("learned", -1.9) == ["reminder"]  # its interval still holds zero
    assert sent("learned", -2.0) == ["none"]
    assert sent("value", -2.0) == ["reminder"]


def test_what_is_stopped_is_not_given_by_chance_either(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*({} for _ in range(40)))
    chosen = settings("learned", random_share=1.0, random_limit_share=1.0)
    loses = losing(-1.0, 0.4, 0.2, *[-3.0] * 39)  # it pays for the first user
    drawn = decide(candidates, chosen, snapshot, measured=loses).random_side
    assert drawn["treatments"].to_list() == [["coupon", "reminder"], *[["reminder"]] * 39]
    others = decide(candidates, chosen.model_copy(update={"policy": "value"}), snapshot, measured=loses).random_side
    assert others["treatments"].to_list() == [["coupon", "reminder"]] * 40


def test_who_was_not_measured_does_not_get_what_is_stopped(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates({}, {})
    assert arms(candidates, "learned", losing(-1.0, 0.4, -3.0), snapshot) == ["reminder", "reminder"]


def test_what_is_stopped_is_named_with_its_interval_and_who_still_gets_it(snapshot: date) -> None:
    options = options_of(settings("learned"))
    stopped = stopped_arms(options, losing(-1.0, 0.4, -3.0, 0.2, -1.0), snapshot, policy_learns=True)
    (row,) = stopped.rows(named=True)
    assert row["margin_low_amount"] == pytest.approx(-1 - 1.96 * 0.4, abs=1e-4)
    assert (row["treatment"], row["users"], row["users_open"], row["is_stopped"]) == ("coupon", 3, 1, True)
    assert stopped_lines(stopped) == [
        "coupon loses money: -1.00 [-1.78, -0.22] per user as measured; stopped but for 1 users for whom it pays"
    ]
    other = stopped_arms(options, losing(-1.0, 0.4, -3.0), snapshot, policy_learns=False)
    assert "given all the same" in stopped_lines(other)[0]
    assert stopped_arms(options, losing(-1.0, 0.6, -3.0), snapshot, policy_learns=True).is_empty()
    assert stopped_arms(options, measured(), snapshot, policy_learns=True).is_empty()
    gone = measured(("u000", "gone_20", -1.0, -3.0, 0.1))  # no longer in the catalogue
    assert stopped_arms(options, gone, snapshot, policy_learns=True).is_empty()
