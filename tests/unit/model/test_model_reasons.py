"""Reasons of a model whose contributions are given: every row can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn_assets.contracts.feature import NOTHING_SHOWN, REASON_GROUPS, Feature
from churn_assets.contracts.user_reasons import KINDS, UserReasons
from churn_assets.model.reasons import grouped_contributions, medians, top_reasons, user_reasons
from tests.unit.model.stated import stated_in_a_plain_loop

USERS, LEAST = 200, 0.1


@dataclass
class Given:
    """Stands for a ChurnModel."""

    columns: tuple[str, ...]
    values: np.ndarray

    def contributions(self, frame: pl.DataFrame) -> np.ndarray:
        return self.values[: frame.height]


def feature(name: str, group: str, *, is_actionable: bool) -> Feature:
    return Feature(name, "orders", "days", None, group, is_actionable, False, name, name)  # type: ignore[arg-type]


# Two features of each kind in every group but the last, which has none.
FEATURES = [
    feature(f"{group}_{kind}_{number}", group, is_actionable=kind == "actionable")
    for group in REASON_GROUPS[:-1]
    for kind in KINDS
    for number in (1, 2)
]
NAMES = [each.name for each in FEATURES]


def frame_of(users: int) -> pl.DataFrame:
    random = np.random.default_rng(3)
    values = {name: random.integers(0, 50, users).astype(float) for name in NAMES}
    keys = {"user_id": [f"u{i:03d}" for i in range(users)], "snapshot_date": [date(2026, 2, 2)] * users}
    return pl.DataFrame(keys | values).with_columns(
        pl.when(pl.col(NAMES[0]) < 10).then(None).otherwise(pl.col(NAMES[0])).alias(NAMES[0])
    )


FRAME = frame_of(USERS)


def reasons_of(
    contributions: np.ndarray, frame: pl.DataFrame = FRAME, features: Sequence[Feature] = FEATURES, least: float = LEAST
) -> Any:
    model: Any = Given(tuple(NAMES), contributions)
    found = grouped_contributions(frame, model, features, least=least)
    return top_reasons(frame, found), user_reasons(frame, found)


def rising_but_for_the_first(**of_first: float) -> tuple[np.ndarray, pl.DataFrame]:
    """Risk rises a little with every feature; the first user, who has the highest values, has these contributions."""
    frame = FRAME.with_columns(
        pl.when(pl.col("user_id") == "u000").then(60.0).otherwise(name).alias(name) for name in NAMES
    )
    contributions = frame.select(NAMES).fill_null(0.0).to_numpy() / 1e5
    contributions[0] = [of_first.get(name, 0.0) for name in NAMES]
    return contributions, frame


def test_each_kind_is_ranked_by_itself_as_in_a_plain_loop() -> None:
    contributions = np.random.default_rng(5).normal(size=(USERS, len(NAMES)))
    _, rows = reasons_of(contributions)
    UserReasons.validate(rows, lazy=True)
    told = {(row["user_id"], row["kind"], row["reason_rank"]): row for row in rows.iter_rows(named=True)}
    stated = stated_in_a_plain_loop(contributions, FRAME, NAMES)
    assert 0.3 < (stated != 0).mean() < 0.6
    expected = 0
    for user, user_id in enumerate(FRAME["user_id"]):
        for kind in KINDS:
            members = {
                group: [i for i, name in enumerate(NAMES) if name.startswith(f"{group}_{kind}")]
                for group in REASON_GROUPS[:-1]
            }
            sums = {group: sum(stated[user, i] for i in places) for group, places in members.items()}
            order = sorted((group for group in sums if sums[group] >= LEAST), key=lambda group: -sums[group])[:3]
            for rank, group in enumerate(order, start=1):
                row = told[user_id, kind, rank]
                strongest = max(members[group], key=lambda i: stated[user, i])
                assert (row["reason_group"], row["feature"]) == (group, NAMES[strongest])
                assert row["contribution"] == pytest.approx(sums[group])
                assert row["feature_value"] == FRAME[NAMES[strongest]][user]
                assert row["text_en"].startswith(NAMES[strongest].capitalize() + ": ")
            expected += len(order)
    assert rows.height == expected


def test_the_three_of_a_user_take_both_kinds_together() -> None:
    """Price adds most of the actionable, but what explains it takes more away; rhythm wins by the sum of both."""
    three, rows = reasons_of(*rising_but_for_the_first(
        price_actionable_1=2.0, price_explanatory_1=-3.0, rhythm_actionable_1=0.5, rhythm_explanatory_2=0.4,
        offers_actionable_2=0.7,
    ))  # fmt: skip
    assert three.row(0) == ("u000", "rhythm", "offers", None)
    first = rows.filter(user_id="u000").select("kind", "reason_rank", "reason_group").rows()
    assert first == [
        ("actionable", 1, "price"), ("actionable", 2, "offers"), ("actionable", 3, "rhythm"),
        ("explanatory", 1, "rhythm"),
    ]  # fmt: skip


def test_where_nothing_adds_that_is_said() -> None:
    three, rows = reasons_of(-np.ones((USERS, len(NAMES))))
    assert three["reason_1"].to_list() == [NOTHING_SHOWN] * USERS
    assert three.select("reason_2", "reason_3").null_count().row(0) == (USERS,) * 2
    assert rows.is_empty()
    UserReasons.validate(rows, lazy=True)


def test_a_group_that_adds_less_than_stated_is_no_reason() -> None:
    """A half of each kind is less than a whole: together they would be enough, but neither can be said."""
    below, at = np.nextafter(LEAST, 0.0), LEAST
    three, rows = reasons_of(*rising_but_for_the_first(
        service_actionable_1=below, price_explanatory_2=at, returns_actionable_1=below, returns_explanatory_1=below,
    ))  # fmt: skip
    assert three.row(0)[1:] == ("price", None, None)
    assert rows.filter(user_id="u000")["reason_group"].to_list() == ["price"]


def test_equal_groups_stand_in_the_order_of_the_groups() -> None:
    three, _ = reasons_of(*rising_but_for_the_first(**dict.fromkeys(NAMES, 1.0)))
    assert three.row(0)[1:] == REASON_GROUPS[:3]


@pytest.mark.parametrize(
    ("value", "is_stated"),
    [(None, False), (30.0, False), (297.0, False), (307.0, False), (329.0, False), (331.0, True), (500.0, True)],
)
@pytest.mark.parametrize("direction", [1, -1])
def test_only_a_value_on_the_risky_side_and_away_from_the_typical_one_is_said(
    value: float | None, direction: int, *, is_stated: bool
) -> None:
    """Typical: 297 days. 330 is a tenth of itself away; where risk falls with the days, nothing from 297 up is risky.

    What the first user's value adds is the same in each case.
    """
    others = np.linspace(200, 394, USERS - 1)
    days = pl.Series([value, *others], dtype=pl.Float64)
    assert np.median(others) == 297
    frame = FRAME.with_columns(days.alias("price_actionable_1"))
    contributions = np.zeros((USERS, len(NAMES)))
    contributions[:, NAMES.index("price_actionable_1")] = [2.0, *(direction * (others - 297) / 1e5)]
    three, rows = reasons_of(contributions, frame)
    is_stated = is_stated if direction == 1 else value == 30.0
    assert three.row(0)[1:] == ("price" if is_stated else NOTHING_SHOWN, None, None)
    assert rows.filter(user_id="u000")["feature_value"].to_list() == ([value] if is_stated else [])


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), gaps=st.floats(0, 1), least=st.floats(1e-3, 2))
def test_no_sentence_states_what_is_unknown_or_typical(seed: int, gaps: float, least: float) -> None:
    random = np.random.default_rng(seed)
    values = np.where(random.random((40, len(NAMES))) < gaps, np.nan, random.exponential(3.0, (40, len(NAMES))))
    frame = FRAME.head(40).with_columns(
        pl.Series(name, column, nan_to_null=True) for name, column in zip(NAMES, values.T, strict=True)
    )
    three, rows = reasons_of(random.normal(size=values.shape), frame, least=least)
    UserReasons.validate(rows, lazy=True)
    assert (rows["contribution"] >= least).all()
    value, typical = (rows["text_en"].str.extract(said) for said in (r": (.*) \(typical", r"\(typical: (.*)\)"))
    assert value.null_count() == typical.null_count() == 0
    assert (value != typical).all()
    assert "unknown" not in value
    with_reason = three.filter(pl.col("reason_1") != NOTHING_SHOWN)
    assert set(with_reason["user_id"]) <= set(rows["user_id"])
    assert three.filter(reason_1=NOTHING_SHOWN)["reason_2"].null_count() == three.height - with_reason.height


@pytest.mark.parametrize(
    ("when", "rising", "is_stated"),
    [("high", True, True), ("high", False, False), ("low", False, True), ("low", True, False), ("never", True, False),
     ("either", True, True), ("either", False, True)],
)  # fmt: skip
def test_a_side_that_is_no_reason_to_a_person_is_none_whatever_the_model_adds(
    when: Any, *, rising: bool, is_stated: bool
) -> None:
    sign = 1 if rising else -1
    frame = FRAME.with_columns(pl.Series("price_actionable_1", sign * np.arange(USERS, 0.0, -1.0)))
    contributions = np.zeros((USERS, len(NAMES)))
    contributions[:, NAMES.index("price_actionable_1")] = np.linspace(1, -1, USERS)
    features = [replace(each, reason_when=when) for each in FEATURES]
    three, rows = reasons_of(contributions, frame, features)
    assert three["reason_1"][0] == ("price" if is_stated else NOTHING_SHOWN)
    assert rows.filter(user_id="u000").height == is_stated


def test_what_has_no_words_adds_its_weight_and_another_speaks() -> None:
    silent = [replace(each, is_worded=each.name != "price_actionable_1") for each in FEATURES]
    given = rising_but_for_the_first(price_actionable_1=1.0, price_actionable_2=0.01)
    _, rows = reasons_of(*given, silent)
    assert rows.filter(user_id="u000").select("feature", "contribution").row(0) == ("price_actionable_2", 1.01)
    three, rows = reasons_of(*rising_but_for_the_first(price_actionable_1=1.0), silent)
    assert (three["reason_1"][0], rows.filter(user_id="u000").height) == (NOTHING_SHOWN, 0)


def test_one_measure_on_two_yardsticks_is_said_on_the_one_that_shows_it() -> None:
    """A pause that is short beside those of others and long beside the user's own: the weight is on the first."""
    pause = [
        replace(each, measures="pause" if each.name.startswith("rhythm_actionable") else None) for each in FEATURES
    ]
    contributions, frame = rising_but_for_the_first(rhythm_actionable_1=0.3, rhythm_actionable_2=-0.05)
    frame = frame.with_columns(
        pl.when(pl.col("user_id") == "u000").then(5.0).otherwise("rhythm_actionable_1").alias("rhythm_actionable_1")
    )
    _, rows = reasons_of(contributions, frame, pause)
    of_first = rows.filter(user_id="u000").select("feature", "feature_value", "contribution").rows()
    assert of_first == [("rhythm_actionable_2", 60.0, pytest.approx(0.25))]
    _, rows = reasons_of(contributions, frame)
    assert rows.filter(user_id="u000").is_empty(), "without the other yardstick nothing can be said"


def test_typical_is_the_median_of_known_values_only() -> None:
    frame = pl.DataFrame({"a": [1.0, None, 3.0, 100.0], "b": [None] * 4}, schema_overrides={"b": pl.Float64})
    assert medians(frame, ["a", "b"]) == {"a": 3.0, "b": None}
    _, rows = reasons_of(*rising_but_for_the_first(**{NAMES[0]: 1.0}))
    known = FRAME[NAMES[0]][1:].drop_nulls()
    assert known.min() >= 10
    assert set(rows["text_en"].str.extract(r"typical: (\d+) days")) == {str(round(known.median()))}


def test_a_feature_nobody_described_is_named() -> None:
    with pytest.raises(ValueError, match="offers_explanatory_2"):
        reasons_of(np.zeros((USERS, len(NAMES))), features=FEATURES[:-1])
