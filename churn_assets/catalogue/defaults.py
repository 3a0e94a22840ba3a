"""A small catalogue that a shop edits first. The lifts are cautious guesses until effects are measured."""

from __future__ import annotations

from churn_assets.catalogue.arms import Arm, Level
from churn_assets.catalogue.texts import Text

CALL_EN = "Ask how the last delivery and the last answer from us were. Listen, put right what can be put right."
CALL_ZH = "询问最近一次配送和客服答复的情况。先倾听，能解决的当场解决。"
# No code: few shops have a pool of codes, and the receiver can credit the account by `level` of the payload.
COUPON_EN = "Until {valid_until} your next order costs {level} % less. There is nothing to enter: your account has it."
COUPON_ZH = "{valid_until}前下次下单立减{level}%，优惠已存入您的账户，无需输入任何内容。"
# By the source of the item, the most relevant first.
REMINDERS_EN = (
    ("Still thinking it over?", "You looked at {viewed_1} and may like to see it again."),
    ("It goes with what you have", "Many who bought what you bought chose {together_1} as well."),
    ("Time for more?", "You have had {bought_1} from us before. Is it time for more?"),
    ("What others choose", "{popular_1} is bought by many at the moment."),
)
REMINDERS_ZH = (
    ("还在考虑吗？", "您看过的{viewed_1}还在这里，欢迎再来看看。"),
    ("与您的购物相配", "许多与您买过同样商品的用户也选了{together_1}。"),
    ("是时候补货了吗？", "您买过的{bought_1}，需要再来一份吗？"),
    ("大家都在选", "{popular_1}近期热销。"),
)
LEAVE_EN, LEAVE_ZH = "\n\nNo more such e-mails: {unsubscribe_url}", "\n\n不再接收此类邮件：{unsubscribe_url}"


# Order lines that are no products; a whole name or id, whatever its case, blanks and hyphens.
NO_PRODUCTS = (
    "postage", "shipping", "shipping cost", "delivery", "delivery charge", "carriage", "freight", "deposit",
    "gift wrap", "gift wrapping", "gift card", "gift voucher", "discount", "surcharge", "bank charges", "handling fee",
    "manual", "adjustment", "donation", "sample",
    "运费", "邮费", "邮资", "押金", "礼品包装", "包装费", "礼品卡", "手续费", "补差价",
)  # fmt: skip


def default_arms() -> tuple[Arm, ...]:
    """Arms that most shops can use: a call about service, a coupon in three levels, a reminder."""
    return (
        Arm(
            arm="care_call", channel="call", offer="care_message", template="care_call",
            texts={"en": (Text(body=CALL_EN),), "zh": (Text(body=CALL_ZH),)},
            answers=("service", "returns", "product_quality"), cost_amount=4.0, assumed_lift=0.15, capacity=50,
            min_value_amount=100.0, cool_down_days=91,
        ),
        Arm(
            arm="coupon", channel="email", offer="coupon", template="coupon",
            texts={
                "en": (Text(subject="A thank-you for you", body=COUPON_EN + LEAVE_EN),),
                "zh": (Text(subject="送您一份优惠", body=COUPON_ZH + LEAVE_ZH),),
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
                "en": tuple(Text(subject=subject, body=body + LEAVE_EN) for subject, body in REMINDERS_EN),
                "zh": tuple(Text(subject=subject, body=body + LEAVE_ZH) for subject, body in REMINDERS_ZH),
            },
            cost_amount=0.02, assumed_lift=0.02, cool_down_days=14,
        ),
    )  # fmt: skip
