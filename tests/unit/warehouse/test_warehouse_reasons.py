"""What can be a reason to a person, of every feature of the catalogue and on either side of the typical value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.model.expected import EXPECTED_PURCHASES
from churn_assets.model.reasons import grouped_contributions, top_reasons, user_reasons
from churn_assets.model.wording import UNITS
from churn_assets.warehouse.features import KEYS, describe
from churn_assets.warehouse.project import manifest

COLUMNS = manifest()["nodes"]["model.churn_assets.user_features"]["columns"]
FEATURES = [*describe([name for name in COLUMNS if name not in KEYS]), EXPECTED_PURCHASES]
WINDOW = re.compile(r"_\d+d$")
# Words of those who make models, in either language.
JARGON = re.compile(
    r"entropy|variety|accelerat|trend|index|expected|log-odds|irregular|spread|熵|预期|加速|波动|趋势", re.IGNORECASE
)
# Units are counted by name; of these features a label says what is counted.
COUNTED = re.compile(
    r"count$|^(orders|purchase|late|returns|reviews|tickets|contacts|sessions|views|searches|carts|cart_|favorites|"
    r"follows|shares|logins|ad_|fruitless|repeated|events|items_per|city_tier)"
)
# Of these a person does not like to see much; of all others, little.
BAD = re.compile(
    r"late|return|low_rating|negative|ticket|reply|expired|fruitless|repeated_searches|removals|abandoned|"
    r"^contacts_\d|contacts_since|days_since|recency|gap|price_index|main_platform"
)
USERS = 41


@dataclass
class Linear:
    """A model of one feature: risk rises (1) or falls (-1) with it."""

    columns: tuple[str, ...]
    side: int

    def contributions(self, frame: pl.DataFrame) -> Any:
        values = frame.select(self.columns).to_numpy()
        return self.side * (values - np.median(values)) * 10 + 1e-9


def frame_of(feature: Feature) -> pl.DataFrame:
    """Values as the unit has them, from nothing to twice the typical one."""
    half = np.linspace(0, 2, USERS)
    values = {
        "share": half / 2,
        "stars": 1 + half * 2,
        "grade": 1 + half * 2,
        "flag": half > 1,
        "years": half * 40,
    }.get(feature.unit, half * 20)
    users = {"user_id": [f"u{number:02d}" for number in range(USERS)], "snapshot_date": [date(2026, 2, 2)] * USERS}
    return pl.DataFrame(users | {feature.name: np.asarray(values, dtype=float)})


def reasons_of(feature: Feature, side: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    frame, model = frame_of(feature), Linear((feature.name,), side)
    contributions = grouped_contributions(frame, model, [feature], least=0.1)  # type: ignore[arg-type]
    return top_reasons(frame, contributions), user_reasons(frame, contributions)


@pytest.mark.parametrize("side", [1, -1])
def test_a_sentence_is_given_on_the_sides_that_the_catalogue_states_and_then_says_something(side: int) -> None:
    word = {1: "high", -1: "low"}[side]
    for feature in FEATURES:
        three, rows = reasons_of(feature, side)
        is_reason = feature.is_worded and feature.reason_when in (word, "either")
        assert bool(rows.height) == is_reason, (feature.name, word)
        assert bool((three["reason_1"] == feature.reason_group).sum()) == is_reason, (feature.name, word)
        values, typical = (rows["text_en"].str.extract(part) for part in (r": (.*) \(typical", r"typical: (.*)\)"))
        assert (values != typical).all(), feature.name
        assert (rows["text_zh"].str.extract("：(.*)（") != rows["text_zh"].str.extract("典型值：(.*)）")).all()
        beyond = (rows["feature_value"] - frame_of(feature)[feature.name].median()) * side
        assert (beyond > 0).all(), feature.name


def test_what_a_sentence_states_can_be_read_by_whoever_has_no_model_in_mind() -> None:
    unread = [
        feature.name
        for feature in FEATURES
        if feature.is_worded and feature.reason_when != "never" and feature.unit not in {*UNITS, "flag"}
        if not COUNTED.search(feature.name)
    ]
    assert unread == []
    worded = [feature for feature in FEATURES if feature.is_worded and feature.reason_when != "never"]
    assert [f.label_en for f in worded if JARGON.search(f.label_en) or JARGON.search(f.label_zh)] == []


def test_much_of_what_is_bad_is_a_reason_and_little_of_what_is_good() -> None:
    """Of few features either can be: a city's tier, and how cheaply a user buys."""
    sides = {feature.name: feature.reason_when for feature in FEATURES}
    either = sorted({WINDOW.sub("", name) for name, side in sides.items() if side == "either"})
    assert either == ["below_list_price_share", "city_tier", "coupon_order_share", "discount_share"]
    one_sided = {name: side for name, side in sides.items() if side in ("high", "low")}
    assert len(one_sided) > 150
    assert [name for name, side in one_sided.items() if (side == "high") != bool(BAD.search(name))] == []


def test_nothing_about_a_protected_group_is_a_reason() -> None:
    assert {feature.reason_when for feature in FEATURES if feature.is_protected} == {"never"}


def test_what_users_spend_says_nothing_of_prices() -> None:
    """A user who buys for 416 where 25 is typical was once at risk for the price."""
    money = [feature for feature in FEATURES if re.match(r"order_\w+_amount|spent", feature.name)]
    assert len(money) > 8
    assert {feature.reason_group for feature in money} == {"rhythm"}
    assert {feature.reason_when for feature in money} == {"low", "never"}


def test_windows_of_one_measure_speak_alike() -> None:
    by_measure: dict[str, set[object]] = {}
    for feature in FEATURES:
        said = (feature.reason_when, feature.is_worded, feature.measures, feature.reason_group, feature.is_actionable)
        if feature.window_days:
            by_measure.setdefault(WINDOW.sub("", feature.name), set()).add(said)
    assert len(by_measure) > 30
    assert [name for name, said in by_measure.items() if len(said) > 1] == []


def test_what_cannot_be_worded_has_somebody_to_speak_for_it() -> None:
    worded = {(f.reason_group, f.is_actionable) for f in FEATURES if f.is_worded and f.reason_when != "never"}
    silent = {(f.reason_group, f.is_actionable) for f in FEATURES if not f.is_worded}
    assert silent
    assert silent <= worded
    measures = {feature.measures: (feature.reason_group, feature.is_actionable) for feature in FEATURES}
    assert all(measures[f.measures] == (f.reason_group, f.is_actionable) for f in FEATURES if f.measures)
