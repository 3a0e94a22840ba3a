from collections.abc import Callable
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from churn_assets.catalogue.arms import Arm
from churn_assets.decisions.decide import decide
from churn_assets.settings import Decisions

MakeCandidates = Callable[..., pl.DataFrame]

COUPON = {"arm": "coupon", "channel": "email", "template": "t", "cost_amount": 1, "assumed_lift": 0.1}


@pytest.mark.parametrize("reserved", ["none", "control"])
def test_an_arm_may_not_be_called_like_the_side_left_alone(reserved: str) -> None:
    with pytest.raises(ValueError, match=f"arm '{reserved}' is reserved"):
        Arm(arm=reserved, channel="email", template="t", cost_amount=1, assumed_lift=0.1)


def test_an_arm_may_not_answer_an_unknown_reason() -> None:
    with pytest.raises(ValueError, match="weather"):
        Arm.model_validate(COUPON | {"answers": ("weather",)})


def test_default_catalogue_stays_in_budget(make_candidates: MakeCandidates, snapshot: date) -> None:
    candidates = make_candidates(*[{"reason_1": "service"}, {}, {"reason_1": "profile"}] * 200)

    ledger = decide(candidates, Decisions(margin_share=1.0), snapshot).ledger

    spent = sum(Decimal(str(cost)) for cost in ledger.get_column("expected_cost_amount"))
    assert Decimal(200) < spent <= Decimal(1000)
    assert ledger.filter(pl.col("arm") == "care_call").height <= 50
