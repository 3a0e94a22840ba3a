"""The feature catalogue: what user_features.yml says of each column of the mart."""

from __future__ import annotations

from typing import Any

import pytest

from churn_assets.contracts.feature import RFM_COLUMNS
from churn_assets.settings import ExtraColumn
from churn_assets.warehouse.features import KEYS, UndocumentedFeature, describe, features_version, treatments
from churn_assets.warehouse.project import manifest

DOCUMENTED = tuple(manifest()["nodes"]["model.churn_assets.user_features"]["columns"])


def test_every_documented_column_is_a_whole_feature_in_its_order() -> None:
    features = describe(DOCUMENTED)
    assert [feature.name for feature in features] == [name for name in DOCUMENTED if name not in KEYS]
    incomplete = [f.name for f in features if not (f.family and f.unit and f.label_en and f.label_zh)]
    assert incomplete == []


def test_every_family_says_how_its_outliers_and_gaps_are_treated() -> None:
    stated = treatments()
    assert {feature.family for feature in describe(DOCUMENTED)} <= set(stated)
    assert {treatment.family for treatment in stated.values()} == set(stated)


def test_the_baseline_has_its_columns() -> None:
    assert set(RFM_COLUMNS) <= set(DOCUMENTED)


def test_names_say_their_window() -> None:
    wrong = [f.name for f in describe(DOCUMENTED) if f.window_days and not f.name.endswith(f"_{f.window_days}d")]
    assert wrong == []


def test_labels_are_unique_in_both_languages() -> None:
    features = describe(DOCUMENTED)
    assert len({f.label_en for f in features}) == len({f.label_zh for f in features}) == len(features)


def test_a_window_set_otherwise_takes_the_words_of_its_siblings() -> None:
    (documented,), (sibling,) = describe(["orders_182d"]), describe(["orders_14d"])
    assert (sibling.window_days, sibling.family, sibling.unit) == (14, documented.family, documented.unit)
    assert sibling.label_en == "orders in 14 days"
    assert sibling.label_zh == "14天内订单数"


@pytest.mark.parametrize("column", ["moon_phase", "moons_14d"])
def test_a_column_nobody_described_is_named_with_the_file_to_edit(column: str) -> None:
    with pytest.raises(UndocumentedFeature, match=rf"features.user_features.{column}: describe it in models/.*\.yml"):
        describe(["recency_days", column])


def test_the_version_is_short_stable_and_moves_with_the_windows() -> None:
    version = features_version((7, 28))
    assert len(version) == 12
    assert int(version, 16) >= 0
    assert version == features_version([7, 28])
    assert version != features_version((7, 14))


LEVEL = ExtraColumn(name="extra_level", table="users", kind="category", values=("gold",), family="club")


def test_a_declared_feature_is_described_by_its_declaration() -> None:
    stated = describe(["user_id", "recency_days", "extra_level_gold"], [LEVEL])
    assert [feature.name for feature in stated] == ["recency_days", "extra_level_gold"]
    assert (stated[1].family, stated[1].label_en) == ("club", "level is gold")
    with pytest.raises(UndocumentedFeature, match="extra_level_gold"):
        describe(["extra_level_gold"])


def test_a_family_that_only_the_settings_name_is_treated_as_extra_is() -> None:
    assert "club" not in treatments()
    assert treatments([LEVEL])["club"].missing == treatments()["extra"].missing


@pytest.mark.parametrize(
    "change",
    [
        {"values": ("gold", "tin")}, {"family": "extra"}, {"reason_group": "price"}, {"protected": True},
        {"actionable": True}, {"table": "orders"}, {"table": "orders", "aggregates": ("share",)},
    ],
)  # fmt: skip
def test_the_version_moves_with_a_declaration_but_not_with_how_it_speaks(change: dict[str, Any]) -> None:
    windows = (7, 28)
    version = features_version(windows, [LEVEL])
    assert features_version(windows, []) == features_version(windows) != version
    assert features_version(windows, [LEVEL.model_copy(update=change)]) != version
    assert (
        features_version(windows, [LEVEL.model_copy(update={"label": "card", "label_zh": "卡", "reason_when": "low"})])
        == version
    )
