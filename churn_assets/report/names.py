"""What people call reasons, limits, segments, models and raw tables. Keys are those of the contracts."""

from __future__ import annotations

from collections.abc import Mapping

from churn_assets.contracts.channels import CHANNEL_NAMES
from churn_assets.contracts.definitions import DEFINITION_NAMES
from churn_assets.contracts.raw import raw_contract
from churn_assets.report.language import Words

# A text that is translated, or a pair of both languages.
Names = Mapping[str, str | tuple[str, str]]


def N_(message: str) -> str:  # noqa: N802 - the usual name of a mark for translators
    """Marks a text that is translated where it is shown."""
    return message


# Of a group, whatever of it is said: too many messages are of the offers, categories bought from of the interest.
REASONS: Names = {
    "engagement": N_("Shows less interest"),
    "rhythm": N_("Few or late orders"),
    "offers": N_("Offers and messages"),
    "service": N_("Late parcels, waiting tickets"),
    "price": N_("Prices"),
    "product_quality": N_("Poor products"),
    "returns": N_("Returns"),
    "profile": N_("Profile"),
    "nothing_shown": N_("Nothing that the data show"),
}
TIERS: Names = {
    "urgent": N_("Urgent"),
    "watch": N_("Watch"),
    "small": N_("Small stake"),
}
LEFT_ALONE: Names = {
    "holdout": N_("By chance: holdout, to measure it all"),
    "control": N_("By chance: control group of an arm"),
    "exploration": N_("By chance: exploration"),
    "random_option": N_("By chance: to judge policies"),
    "usual": N_("By chance: business as usual, or not"),
    "suppressed": N_("Asked never to be written to"),
    "no_consent": N_("No consent to a channel"),
    "unreachable": N_("No address"),
    "frequency_cap": N_("Had enough messages lately"),
    "cool_down": N_("Had this message lately"),
    "no_item": N_("Nothing to recommend to them"),
    "no_code": N_("No coupon code left"),
    "small_stake": N_("Too little at stake"),
    "no_gain": N_("Would not pay"),
    "waits": N_("Had a message lately: worth more later"),
    "budget": N_("The budget ran out"),
    "capacity": N_("The arm's places ran out"),
    "channel_capacity": N_("The channel's places ran out"),
    "code_pool": N_("Coupon codes ran out"),
}
SEGMENTS: Names = {
    "champion": N_("champions"),
    "loyal": N_("loyal"),
    "big_spender": N_("big spenders"),
    "promising": N_("promising"),
    "hibernating": N_("hibernating"),
    "regular": N_("regular"),
    "prospect": N_("prospects"),
    "lapsed": N_("lapsed"),
}
STATUSES: Names = {
    "eligible": N_("scored"),
    "lapsed": N_("lapsed"),
    "new": N_("no purchase yet"),
    "objected": N_("objected"),
}
POLICIES: Names = {
    "rules": N_("Rules (by reason)"),
    "value": N_("Value (assumed gains)"),
    "learned": N_("Learned (measured gains)"),
}
MODELS: Names = {
    "catboost": N_("CatBoost"),
    "blend": N_("CatBoost and logistic regression"),
    "logistic": N_("Logistic regression on all features"),
    "logistic_rfm": N_("Logistic regression on recency, frequency and money"),
    "bg_nbd": N_("BG/NBD, purchase history alone"),
    "recency": N_("Days since the last order"),
}
TENURES: Names = {
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
VERDICTS: Names = {
    "better": N_("works"),
    "worse": N_("does harm"),
    "not proven": N_("not proven"),
    "unknown": N_("not known yet"),
}
SIDES: Names = {
    "holdout": N_("doing nothing (the holdout)"),
    "random": N_("an arm by chance"),
    "usual": N_("business as usual"),
}
SIDE_VERDICTS: Names = {
    "better": N_("the plans earn more, however often it is looked at"),
    "worse": N_("the plans earn less, however often it is looked at"),
    "not proven": N_("not proven: it may as well be no difference"),
    "unknown": N_("nothing can be said yet"),
}
GROUPS: Names = {
    "arm": N_("Arm, all levels"),
    "channel": N_("Channel"),
    "segment": N_("Segment"),
}
SLOTS: Names = {
    "own_best": N_("the user's own best time"),
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
    "night": N_("night (0 to 6)"),
    "morning": N_("morning (6 to 12)"),
    "afternoon": N_("afternoon (12 to 18)"),
    "evening": N_("evening (18 to 24)"),
}
PROMOTIONS: Names = {
    "in use": N_("makes the plans"),
    "may be promoted": N_("is proven to earn more and may be promoted (churn promote-policy)"),
    "not proven": N_("is not proven to earn more"),
    "too few users": N_("cannot be judged yet: too few users were given an arm by chance"),
}
# Those that a list is made of say themselves what they are called, in English and in Chinese.
CHANNELS: Names = {
    channel: (words[0], next(word for word in words if not word.isascii())) for channel, words in CHANNEL_NAMES.items()
}
TABLES: Names = {table.name: (table.name.replace("_", " "), table.name_zh) for table in raw_contract()}
DEFINITIONS: Names = DEFINITION_NAMES


def named(words: Words, names: Names, key: str | None) -> str:
    """What people call it; a key nobody has named, such as a shop's own arm, with blanks for underscores."""
    if key is None:
        return ""
    name = names.get(key, key.replace("_", " "))
    if isinstance(name, tuple):
        return name[0] if words.language == "en" else name[1]
    return words(name) if key in names else name
