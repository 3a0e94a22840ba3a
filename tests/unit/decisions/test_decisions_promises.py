"""A text whose promise its slots do not keep is refused when settings are read: arm, language, word, what to do."""

from __future__ import annotations

from typing import Any

import pytest

from churn_assets.catalogue.arms import Arm
from churn_assets.catalogue.defaults import default_arms
from churn_assets.catalogue.promises import sources_needed
from churn_assets.catalogue.texts import Text
from churn_assets.settings import Settings

SECRET = "whsec_" + "QUJD" * 10

ARM: dict[str, Any] = {"arm": "a", "channel": "push", "template": "t"}
ONE = [{"level": "10", "cost_amount": 1, "assumed_lift": 0.1}]
TWO = [*ONE, {"level": "20", "cost_amount": 2, "assumed_lift": 0.2}]
SMALL = [{"level": "small", "cost_amount": 1, "assumed_lift": 0.1}]


def arm(body: str | list[dict[str, str]], language: str = "en", **changes: Any) -> Arm:
    strength = {} if "levels" in changes else {"cost_amount": 1, "assumed_lift": 0.1}
    text = {"body": body} if isinstance(body, str) else body
    return Arm.model_validate(ARM | strength | {"texts": {language: text}} | changes)


KEPT = [
    ("Your code: {code}", {"code": "pool"}),
    ("Show {code} at the till until {valid_until}.", {"code": "receiver"}),
    ("{level} % off until {valid_until}", {"offer": "coupon", "levels": TWO}),
    ("10 % off", {"offer": "coupon", "levels": ONE}),
    ("Ten percent off", {"offer": "coupon", "levels": ONE}),
    ("打9折", {"offer": "coupon", "levels": ONE}),
    ("${level} off", {"offer": "coupon", "levels": TWO}),
    ("满100减10元", {"offer": "spend_and_save", "levels": ONE}),
    ("下次下单立减{level}%，{valid_until}前有效", {"offer": "coupon", "levels": TWO}),
    ("You looked at {viewed_1}: {viewed_1_url}", {}),
    ("Many who bought what you bought chose {together_1}.", {}),
    ("Time for more {bought_1}?", {}),
    ("{popular_1} is bought by many. This item ...", {}),
    ("您看过的{viewed_1}", {}),
    ("Made of 100 % cotton, loved by 5 of 6. We wait for you, whatever your size.", {}),
    ("Todo para ti, from S to XXL [new]: 100% yours", {}),
    ("x" * 160, {"channel": "sms"}),
    ("送" * 70, {"channel": "sms"}),
    ("{item_1} ... {unsubscribe_url}", {"channel": "sms"}),
    ("Hello {unsubscribe_url}", {"channel": "email"}),
]


@pytest.mark.parametrize(("body", "changes"), KEPT)
def test_a_text_that_keeps_its_word_is_taken(body: str, changes: dict[str, Any]) -> None:
    assert arm(body, **changes).texts["en"][0].body == body


BROKEN = [
    ("Use code SAVE10", {}, "says 'code' and has no slot for it: write {code} and say with the arm's `code`"),
    ("输入优惠码", {}, "says '优惠码' and has no slot"),
    ("Show {code}", {}, "has {code}, and the arm does not say where codes come from: set its `code` to pool or rec"),
    ("Hello", {"code": "pool"}, "has no {code} although the arm's `code` is pool"),
    ("Valid for a week", {}, "says 'Valid' and has no slot for it: write {valid_until}"),
    ("Only until Sunday", {}, "says 'until' and has no slot"),
    ("Your points expire soon", {}, "says 'expire' and has no slot"),
    ("Last chance!", {}, "says 'Last chance' and has no slot"),
    ("限时特惠", {}, "says '限时' and has no slot"),
    ("Only for 3 days", {}, "says 'for 3 days' and has no slot"),
    ("Come by Sunday", {}, "says 'by Sunday' and has no slot"),
    ("Before 24/12", {}, "says 'Before 24/' and has no slot"),
    ("三天 3天内", {}, "says '3天内' and has no slot"),
    ("Use \uff23\uff2f\uff24\uff25 X1", {}, "says 'CODE' and has no slot"),
    ("Use co\u200bde X1", {}, "says 'code' and has no slot"),
    ("輸入優惠碼", {}, "says '優惠碼' and has no slot"),
    ("購物車裡的好物", {}, "says '購物車' and has no slot"),
    ("You looked at the red shoes", {}, "says 'looked at' and has no slot for it: write {viewed_1}"),
    ("You looked at {popular_1}", {}, "says 'looked at' and has no slot for it: write {viewed_1}"),
    ("您购物车里的{item_1}", {}, "says '购物车' and has no slot"),
    ("Goes well with {viewed_1}", {}, "says 'Goes well with' and has no slot for it: write {together_1}"),
    ("Buy {viewed_1}, buy it again", {}, "says 'buy it again' and has no slot for it: write {bought_1}"),
    ("Our bestseller", {}, "says 'bestseller' and has no slot for it: write {popular_1}"),
    ("This item misses you", {}, "says 'This item' and has no slot for it: write a slot that names one, such as {ite"),
    ("15 % off", {"offer": "coupon", "levels": ONE}, "says '15 %', and the arm's levels are 10: write {level}"),
    ("10 % off", {"offer": "coupon", "levels": TWO}, "says '10 %', and the arm's levels are 10, 20: write {level}"),
    ("\uff12\uff10\uff05 off", {"offer": "coupon", "levels": ONE}, "says '20%', and the arm's levels are 10"),
    ("twenty percent off", {"offer": "coupon", "levels": ONE}, "says 'twenty percent', and the arm's levels are 10"),
    ("立減20元", {"offer": "coupon", "levels": ONE}, "says '立減20', and the arm's levels are 10"),
    ("打85折", {"offer": "coupon", "levels": ONE}, "says '85折', and the arm's levels are 10"),
    ("八五折", {"offer": "coupon", "levels": ONE}, "says '八五折', and the arm's levels are 10"),
    ("半价", {"offer": "coupon", "levels": ONE}, "says '半价', and the arm's levels are 10"),
    ("€5 off", {"offer": "coupon", "levels": ONE}, "says '€5 off', and the arm's levels are 10"),
    ("Save 20.", {"offer": "reward", "levels": ONE}, "says 'Save 20', and the arm's levels are 10"),
    ("立减20元", {"offer": "coupon", "levels": ONE}, "says '立减20', and the arm's levels are 10"),
    ("10 % off", {"offer": "coupon"}, "says '10 %', and the arm's levels are none: write {level}, or a level of just"),
    ("{level}折", {"offer": "coupon", "levels": ONE}, "says '{level}折', which means what is left of the price"),
    ("{level} % off", {"offer": "coupon", "levels": SMALL}, "says '{level} %', and the arm's levels (small) are no nu"),
    ("5 % off", {"offer": "recommendation"}, "says '5 %', and offer recommendation gives nothing: set the arm's off"),
    ("A discount for you", {}, "says 'discount', and offer care_message gives nothing"),
    ("全场包邮", {}, "says '包邮', and offer care_message gives nothing"),
    ("{itm_1}", {}, "slot {itm_1} is unknown (did you mean {item_1}?); known slots: item_1 to item_3, viewed_1"),
    ("{}", {}, "slot {} is unknown; known slots: item_1 to item_3, viewed_1 to viewed_2, together_1 to together_3"),
    ("{viewed_3}", {}, "slot {viewed_3} is unknown"),
    ("{item_1.name}", {}, "slot {item_1.name} is unknown"),
    ("{item_1!r}", {}, "cannot be read as a template: {item_1} has a format of its own; write the slot alone"),
    ("Hi {", {}, "cannot be read as a template"),
    ("Hi {{name}}", {}, "holds '{', which nobody fills"),
    ("Dear [FIRST NAME]", {}, "holds '[FIRST NAME]', which nobody fills"),
    ("Dear %FNAME%", {}, "holds '%FNAME%', which nobody fills"),
    ("Dear <<name>>", {}, "holds '<<name>>', which nobody fills"),
    ("Hello TODO", {}, "holds 'TODO', which nobody fills"),
    ("Call us: XXXX", {}, "holds 'XXXX', which nobody fills"),
    ("{level}", {}, "has {level}, and the arm has no levels: state them"),
    ("Hello", {"channel": "email"}, "is an e-mail without an unsubscribe link: write {unsubscribe_url}"),
    ("{unsubscribe_url}", {"channel": "call"}, "has {unsubscribe_url}, which nobody can open by channel call"),
    ("x" * 161, {"channel": "sms"}, "takes up to 161 places, and one SMS in these letters has 160: shorten it"),
    ("[" * 81, {"channel": "sms"}, "takes up to 162 places, and one SMS in these letters has 160"),
    ("送" * 71, {"channel": "sms"}, "takes up to 71 places, and one SMS in these letters has 70"),
    ("{item_1}, {item_2}, {item_3}, " + "x" * 40, {"channel": "sms"}, "takes up to 166 places"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "changes", "told"), BROKEN)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_text_that_does_not_is_refused(body: str, changes: dict[str, Any], told: str, language: str) -> None:
    with pytest.raises(ValueError, match="Value error") as caught:
        arm(body, language, **changes)
    assert f"arm 'a', text {language}: {told}" in str(caught.value)


def test_a_promise_of_the_subject_counts_too() -> None:
    with pytest.raises(ValueError, match="says 'code' and has no slot"):
        arm([{"subject": "Your code", "body": "Hello"}])


def test_of_several_versions_the_broken_one_is_named() -> None:
    with pytest.raises(ValueError, match=r"arm 'a', text en, version 2: says 'looked at'"):
        arm([{"body": "You looked at {viewed_1}."}, {"body": "You looked at {popular_1}."}])


def test_every_broken_promise_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"says 'code'.*; arm 'a', text en: says 'until'"):
        arm("A code until Sunday")


def test_one_level_is_not_percent_in_one_language_and_money_in_the_other() -> None:
    texts = {"en": {"body": "{level} % off"}, "zh": {"body": "立减{level}元"}}
    with pytest.raises(ValueError, match=r"its texts count \{level\} in percent and in money"):
        Arm.model_validate(ARM | {"texts": texts, "offer": "coupon", "levels": ONE})


def test_the_default_arms_promise_no_code_and_name_items_by_how_they_were_found() -> None:
    call, coupon, reminder = default_arms()
    assert (call.code, coupon.code, reminder.code) == (None, None, None)
    for language in ("en", "zh"):
        assert not any(text.slots & {"code"} for each in default_arms() for text in each.texts[language])
        kinds = [sorted(text.item_slots) for text in reminder.texts[language]]
        assert kinds == [["viewed_1"], ["together_1"], ["bought_1"], ["popular_1"]]


def test_what_texts_need_of_the_shop() -> None:
    def needed(*bodies: str) -> frozenset[str]:
        return sources_needed(tuple(Text(body=body) for body in bodies))

    assert needed() == needed("Hello") == needed("{viewed_1}", "Hello") == frozenset()
    assert needed("{viewed_1}") == {"viewed"}
    assert needed("{viewed_1}", "{popular_1_url}") == {"viewed", "popular"}
    assert needed("{item_1}") == {"viewed", "bought_together", "bought_before", "popular"}


@pytest.mark.parametrize(
    ("code", "delivery", "is_taken"),
    [
        ("receiver", {}, True),
        (
            "receiver",
            {"email": "webhook", "webhook_url": "https://e.org", "webhook_secret": "whsec_" + "QUJD" * 10},
            True,
        ),
        ("receiver", {"email": "smtp"}, False),
        ("pool", {"email": "smtp"}, True),
    ],
)
def test_what_the_receiver_fills_in_does_not_go_to_a_mail_server(
    code: str, delivery: dict[str, str], is_taken: bool
) -> None:
    made = arm("Your code: {code} {unsubscribe_url}", channel="email", code=code)
    smtp = {"smtp_host": "127.0.0.1", "sender": "a@example.org", "unsubscribe_url": "https://e.org?k={message_key}"}
    sections = {"decisions": {"arms": [made]}, "delivery": {**smtp, **delivery}}
    if is_taken:
        assert Settings.model_validate(sections).decisions.arms[0].code == code
    else:
        with pytest.raises(
            ValueError, match=r"delivery\.email is smtp: use webhook, or code pool with the raw table coup"
        ):
            Settings.model_validate(sections)
