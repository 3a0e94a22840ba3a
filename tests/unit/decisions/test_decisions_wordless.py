"""Which arms have no words for which user."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from churn_assets.decisions.wordless import with_wordless_arms
from churn_assets.settings import Decisions

DAY = date(2025, 6, 2)
NUMBERS = {"cost_amount": 1, "assumed_lift": 0.1, "template": "t", "channel": "push"}
ITEMS = pl.DataFrame(
    [("u1", 1, "p1", "viewed", "Kettle"), ("u1", 2, "p2", "popular", "Tea"), ("u2", 1, "p2", "popular", "Tea"),
     ("u3", 1, "p1", "viewed", None)],
    schema=["user_id", "item_rank", "product_id", "source", "name"], orient="row",
).with_columns(url=pl.lit(None, pl.String), image_url=pl.lit(None, pl.String))  # fmt: skip


def wordless(*texts: Any, **changes: Any) -> dict[str, list[str]]:
    """By user, of arms a, b, ... with these texts."""
    arms = [NUMBERS | {"arm": name, "texts": {"en": text}} for name, text in zip("abc", texts, strict=False)]
    settings = Decisions.model_validate({"arms": [arm | changes for arm in arms]})
    users = pl.DataFrame({"user_id": ["u1", "u2", "u3", "u4"]})
    return dict(with_wordless_arms(users, ITEMS, settings, DAY).rows())


def test_an_arm_is_wordless_for_whom_no_text_of_it_can_be_filled() -> None:
    viewed, popular = {"body": "You looked at {viewed_1}."}, {"body": "{popular_1}"}
    assert wordless(viewed, [viewed, popular], {"body": "Hello"}) == {
        "u1": [], "u2": ["a"], "u3": ["a", "b"], "u4": ["a", "b"]
    }  # fmt: skip


def test_a_text_that_names_no_item_is_for_everybody() -> None:
    assert wordless([{"body": "{item_1}"}, {"body": "Hello"}]) == {f"u{number}": [] for number in (1, 2, 3, 4)}


def test_arms_without_texts_are_never_wordless() -> None:
    settings = Decisions.model_validate({"arms": [NUMBERS | {"arm": "a"}]})
    frame = with_wordless_arms(pl.DataFrame({"user_id": ["u9"]}), ITEMS.clear(), settings, DAY)
    assert frame["wordless_arms"].to_list() == [[]]
