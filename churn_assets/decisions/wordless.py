"""Arms whose texts cannot be filled for a user, because no recommended item fits their slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from churn_assets.decisions.messages import items_by_user, message_text

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.settings.decisions import Decisions


def with_wordless_arms(users: pl.DataFrame, items: pl.DataFrame, settings: Decisions, snapshot: date) -> pl.DataFrame:
    """Add `wordless_arms`: the arms none of whose texts can be filled for the user.

    `items`: recommended items of the users (contract RecommendedItems).
    """
    arms = [arm for arm in settings.arms if arm.texts and all(text.item_slots for text in arm.texts[settings.language])]
    # Whether a text fits into an SMS may depend on the level's name.
    longest = {arm.arm: max((level.level or "" for level in arm.strengths()), key=len) or None for arm in arms}
    items_of = items_by_user(items)
    wordless = [
        [
            arm.arm
            for arm in arms
            if message_text(arm, settings.language, longest[arm.arm], items_of.get(user, ()), snapshot) is None
        ]
        for user in users["user_id"]
    ]
    return users.with_columns(wordless_arms=pl.Series(wordless, dtype=pl.List(pl.String)))
