import pytest

from churn_assets.decisions.arms import Arm

COUPON = {"arm": "coupon", "channel": "email", "template": "t", "cost_amount": 1, "assumed_lift": 0.1}


@pytest.mark.parametrize("reserved", ["none", "control"])
def test_an_arm_may_not_be_called_like_the_side_left_alone(reserved: str) -> None:
    with pytest.raises(ValueError, match=f"arm '{reserved}' is reserved"):
        Arm(arm=reserved, channel="email", template="t", cost_amount=1, assumed_lift=0.1)


def test_an_arm_may_not_answer_an_unknown_reason() -> None:
    with pytest.raises(ValueError, match="weather"):
        Arm.model_validate(COUPON | {"answers": ("weather",)})
