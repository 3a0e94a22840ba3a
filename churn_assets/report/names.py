"""What people call reasons, limits, segments, models and raw tables. Keys are those of the contracts."""

from __future__ import annotations

from collections.abc import Mapping

from churn_assets.report.language import Words


def N_(message: str) -> str:  # noqa: N802 - the usual name of a mark for translators
    """Marks a text that is translated where it is shown."""
    return message


REASONS: Mapping[str, str] = {
    "engagement": N_("Visits less"),
    "rhythm": N_("Slower than the own rhythm"),
    "offers": N_("No offer reaches them"),
    "service": N_("Late parcels, waiting tickets"),
    "price": N_("Prices"),
    "product_quality": N_("Poor products"),
    "returns": N_("Returns"),
    "profile": N_("Profile"),
    "nothing_shown": N_("Nothing that the data show"),
}
TIERS: Mapping[str, str] = {
    "urgent": N_("Urgent"),
    "watch": N_("Watch"),
    "small": N_("Small stake"),
}
LEFT_ALONE: Mapping[str, str] = {
    "holdout": N_("By chance: holdout, to measure it all"),
    "control": N_("By chance: control group of an arm"),
    "exploration": N_("By chance: exploration"),
    "random_option": N_("By chance: to judge policies"),
    "suppressed": N_("Asked never to be written to"),
    "no_consent": N_("No consent to a channel"),
    "unreachable": N_("No address"),
    "frequency_cap": N_("Had enough messages lately"),
    "cool_down": N_("Had this message lately"),
    "no_item": N_("Nothing to recommend to them"),
    "no_code": N_("No coupon code left"),
    "small_stake": N_("Too little at stake"),
    "no_gain": N_("Would not pay"),
    "budget": N_("The budget ran out"),
    "capacity": N_("The arm's places ran out"),
    "channel_capacity": N_("The channel's places ran out"),
    "code_pool": N_("Coupon codes ran out"),
}
SEGMENTS: Mapping[str, str] = {
    "champion": N_("champions"),
    "loyal": N_("loyal"),
    "big_spender": N_("big spenders"),
    "promising": N_("promising"),
    "hibernating": N_("hibernating"),
    "regular": N_("regular"),
    "prospect": N_("prospects"),
    "lapsed": N_("lapsed"),
}
CHANNELS: Mapping[str, str] = {
    "email": N_("e-mail"),
    "sms": N_("text message"),
    "push": N_("push message"),
    "call": N_("call"),
}
STATUSES: Mapping[str, str] = {
    "eligible": N_("scored"),
    "lapsed": N_("lapsed"),
    "new": N_("no purchase yet"),
    "objected": N_("objected"),
}
POLICIES: Mapping[str, str] = {
    "rules": N_("Rules (by reason)"),
    "value": N_("Value (assumed gains)"),
    "learned": N_("Learned (measured gains)"),
}
MODELS: Mapping[str, str] = {
    "catboost": N_("CatBoost"),
    "blend": N_("CatBoost and logistic regression"),
    "logistic": N_("Logistic regression on all features"),
    "logistic_rfm": N_("Logistic regression on recency, frequency and money"),
    "bg_nbd": N_("BG/NBD, purchase history alone"),
    "recency": N_("Days since the last order"),
}
DEFINITIONS: Mapping[str, str] = {
    "inactivity": N_("no order in the window"),
    "own_rhythm": N_("silent for longer than the own rhythm"),
    "reduced": N_("buys much less than before"),
    "no_activity": N_("neither order nor visit"),
}
TENURES: Mapping[str, str] = {
    "under 91 days": N_("known for under 91 days"),
    "91 to 364 days": N_("for 91 to 364 days"),
    "365 days and more": N_("for a year and more"),
    "unknown": N_("for a time unknown"),
}
MODEL_DECISIONS: Mapping[str, str] = {
    "first": N_("It is the first model, trained for this snapshot."),
    "promoted": N_("It was trained for this snapshot and took the place of the one before, which it beats."),
    "renewed": N_("It was trained for this snapshot and took the place of the one before, which had grown old."),
    "replaced": N_("It was trained for this snapshot; the one before could not be used any more."),
    "proposed": N_("It learned at {day}; a newer one beats it and waits for somebody to promote it (churn promote)."),
    "kept": N_("It learned at {day}; the one trained for this snapshot is not proven to be better."),
    "by_person": N_("It learned at {day}; a person has chosen it."),
}
VERDICTS: Mapping[str, str] = {
    "better": N_("works"),
    "worse": N_("does harm"),
    "not proven": N_("not proven"),
    "unknown": N_("not known yet"),
}
TABLES: Mapping[str, str] = {
    "users": N_("users"),
    "orders": N_("orders"),
    "order_items": N_("order lines"),
    "events": N_("visits and events"),
    "returns": N_("returns"),
    "reviews": N_("reviews"),
    "coupons": N_("coupons"),
    "support_tickets": N_("support tickets"),
    "surveys": N_("surveys"),
    "contacts": N_("contacts"),
    "consents": N_("consents"),
    "products": N_("products"),
    "coupon_codes": N_("coupon codes"),
}


def named(words: Words, names: Mapping[str, str], key: str | None) -> str:
    """What people call it; a key nobody has named, such as a shop's own arm, with blanks for underscores."""
    if key is None:
        return ""
    return words(names[key]) if key in names else key.replace("_", " ")
