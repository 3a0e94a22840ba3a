"""Reasons of a model whose contributions are given: every row can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature import REASON_GROUPS, Feature
from churn_assets.contracts.user_reasons import KINDS, UserReasons
from churn_assets.model.reasons import grouped_contributions, medians, top_reasons, user_reasons

USERS = 200


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


def reasons_of(contributions: np.ndarray, frame: pl.DataFrame = FRAME, features: Sequence[Feature] = FEATURES) -> Any:
    model: Any = Given(tuple(NAMES), contributions)
    found = grouped_contributions(frame, model, features)
    return top_reasons(frame, found), user_reasons(frame, found)


def test_each_kind_is_ranked_by_itself_as_in_a_plain_loop() -> None:
    given = np.random.default_rng(5).normal(size=(USERS, len(NAMES)))
    _, rows = reasons_of(given)
    UserReasons.validate(rows, lazy=True)
    told = {(row["user_id"], row["kind"], row["reason_rank"]): row for row in rows.iter_rows(named=True)}
    expected = 0
    for user, user_id in enumerate(FRAME["user_id"]):
        for kind in KINDS:
            members = {
                group: [i for i, name in enumerate(NAMES) if name.startswith(f"{group}_{kind}")]
                for group in REASON_GROUPS[:-1]
            }
            sums = {group: sum(given[user, i] for i in places) for group, places in members.items()}
            order = sorted((group for group in sums if sums[group] > 0), key=lambda group: -sums[group])[:3]
            for rank, group in enumerate(order, start=1):
                row = told[user_id, kind, rank]
                strongest = max(members[group], key=lambda i: given[user, i])
                assert (row["reason_group"], row["feature"]) == (group, NAMES[strongest])
                assert row["contribution"] == pytest.approx(sums[group])
                assert row["feature_value"] == FRAME[NAMES[strongest]][user]
                assert row["text_en"].startswith(NAMES[strongest].capitalize() + ": ")
            expected += len(order)
    assert rows.height == expected


def test_the_three_of_a_user_take_both_kinds_together() -> None:
    """Price adds most of the actionable, but what explains it takes more away; rhythm wins by the sum of both."""
    given = np.zeros((USERS, len(NAMES)))
    for name, value in {
        "price_actionable_1": 2.0, "price_explanatory_1": -3.0, "rhythm_actionable_1": 0.5,
        "rhythm_explanatory_2": 0.4, "offers_actionable_2": 0.7,
    }.items():  # fmt: skip
        given[:, NAMES.index(name)] = value
    three, rows = reasons_of(given)
    assert three.row(0) == ("u000", "rhythm", "offers", None)
    first = rows.filter(user_id="u000").select("kind", "reason_rank", "reason_group").rows()
    assert first == [
        ("actionable", 1, "price"), ("actionable", 2, "offers"), ("actionable", 3, "rhythm"),
        ("explanatory", 1, "rhythm"),
    ]  # fmt: skip


def test_where_nothing_adds_there_is_no_reason() -> None:
    three, rows = reasons_of(-np.ones((USERS, len(NAMES))))
    assert three.select("reason_1", "reason_2", "reason_3").null_count().row(0) == (USERS,) * 3
    assert rows.is_empty()
    UserReasons.validate(rows, lazy=True)


def test_equal_groups_stand_in_the_order_of_the_groups() -> None:
    three, _ = reasons_of(np.ones((USERS, len(NAMES))))
    assert three.row(0)[1:] == REASON_GROUPS[:3]


def test_typical_is_the_median_of_known_values_only() -> None:
    frame = pl.DataFrame({"a": [1.0, None, 3.0, 100.0], "b": [None] * 4}, schema_overrides={"b": pl.Float64})
    assert medians(frame, ["a", "b"]) == {"a": 3.0, "b": None}
    _, rows = reasons_of(np.eye(len(NAMES))[[0] * USERS])
    known = FRAME[NAMES[0]].drop_nulls()
    assert known.min() >= 10
    assert set(rows["text_en"].str.extract(r"typical: (\d+) days")) == {str(round(known.median()))}
    assert rows["text_en"].str.contains(": unknown (typical: ", literal=True).any()


def test_a_feature_nobody_described_is_named() -> None:
    with pytest.raises(ValueError, match="offers_explanatory_2"):
        reasons_of(np.zeros((USERS, len(NAMES))), features=FEATURES[:-1])
