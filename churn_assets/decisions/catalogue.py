"""A small catalogue that a shop edits first. The lifts are cautious guesses until effects are measured."""

from __future__ import annotations

from churn_assets.decisions.arms import Arm, Level, Text

CALL_EN = "Ask how the last delivery and the last answer from us were. Listen, put right what can be put right."
CALL_ZH = "询问最近一次配送和客服答复的情况。先倾听，能解决的当场解决。"
COUPON_EN = "Here are {level} % off your next order. The code is valid until {valid_until}."
COUPON_ZH = "送您一张{level}%的优惠券，下次下单可用，有效期至{valid_until}。"
REMINDER_EN = "You looked at {item_1} and may like to see it again."
REMINDER_ZH = "您看过的{item_1}还在这里，欢迎再来看看。"


def default_arms() -> tuple[Arm, ...]:
    """Give one arm per channel that most shops have: a call about service, a coupon in three levels, a reminder."""
    return (
        Arm(
            arm="care_call", channel="call", offer="care_message", template="care_call",
            texts={"en": Text(body=CALL_EN), "zh": Text(body=CALL_ZH)},
            answers=("service", "returns", "product_quality"), cost_amount=4.0, assumed_lift=0.15, capacity=50,
            min_value_amount=100.0, cool_down_days=91,
        ),
        Arm(
            arm="coupon", channel="email", offer="coupon", template="coupon",
            texts={
                "en": Text(subject="A thank-you for you", body=COUPON_EN),
                "zh": Text(subject="送您一张优惠券", body=COUPON_ZH),
            },
            answers=("price", "offers", "rhythm"), cool_down_days=28,
            levels=(
                Level(level="5", cost_amount=1.25, assumed_lift=0.06),
                Level(level="10", cost_amount=2.5, assumed_lift=0.10),
                Level(level="20", cost_amount=5.0, assumed_lift=0.14),
            ),
        ),
        Arm(
            arm="reminder_email", channel="email", offer="recommendation", template="reminder_email",
            texts={
                "en": Text(subject="Still thinking it over?", body=REMINDER_EN),
                "zh": Text(subject="还在考虑吗？", body=REMINDER_ZH),
            },
            cost_amount=0.02, assumed_lift=0.02, cool_down_days=14,
        ),
    )  # fmt: skip
