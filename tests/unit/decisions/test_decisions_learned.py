"""The policy that learns: without evidence it plans what `value` plans, with much it goes by what was measured."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from churn_assets.catalogue.arms import Arm
from churn_assets.decisions.decide import decide
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
    effects = measured(("u001", "coupon", -5.0, -6.0, 0.01))
    assert arms(candidates, "learned", effects, snapshot) == ["coupon", "reminder"]
