"""Declared extra columns: what a declaration may say, what a wrong one is told, and the features it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from churn_assets.contracts.raw import raw_contract
from churn_assets.settings import ExtraColumn, SettingsError, load_settings
from churn_assets.settings.extra import comparable, contract_with

LEVEL: dict[str, Any] = {"name": "extra_level", "table": "users", "kind": "category", "values": ("Gold", "铂金")}
STARS: dict[str, Any] = {"name": "extra_stars", "table": "orders", "kind": "number"}


def labels(declared: dict[str, Any], **more: Any) -> dict[str, tuple[str, str]]:
    column = ExtraColumn(**declared, **more)
    return {each.feature.name: (each.feature.label_en, each.feature.label_zh) for each in column.features}


def test_a_category_of_users_is_a_flag_per_value() -> None:
    assert labels(LEVEL) == {
        "extra_level_gold": ("level is Gold", "level为Gold"),
        "extra_level_铂金": ("level is 铂金", "level为铂金"),
    }
    assert [each.word for each in ExtraColumn(**LEVEL).features] == ["gold", "铂金"]
    assert {each.feature.unit for each in ExtraColumn(**LEVEL).features} == {"flag"}


def test_a_number_of_orders_has_a_feature_per_aggregate() -> None:
    assert labels(STARS) == {
        "extra_stars_mean": ("mean stars per order", "平均每单stars"),
        "extra_stars_last": ("stars of the last order", "末单stars"),
    }
    assert list(labels(STARS, aggregates=("sum", "max"))) == ["extra_stars_sum", "extra_stars_max"]


def test_a_category_of_orders_is_the_last_order_or_a_share() -> None:
    declared = LEVEL | {"table": "orders", "label": "tier", "label_zh": "等级"}
    assert labels(declared)["extra_level_gold_last"] == ("tier of the last order is Gold", "末单等级为Gold")
    share = ExtraColumn(**declared, aggregates=("share",)).features[0].feature
    assert (share.name, share.unit) == ("extra_level_gold_share", "share")


def test_a_declaration_carries_over_to_its_features() -> None:
    (feature,) = ExtraColumn(
        name="extra_visits",
        table="users",
        kind="number",
        family="habits",
        reason_group="service",
        protected=True,
        reason_when="low",
    ).features
    stated = feature.feature
    assert (stated.family, stated.reason_group, stated.is_protected, stated.is_actionable, stated.reason_when) == (
        "habits", "service", True, False, "low",
    )  # fmt: skip
    assert stated.is_withheld(admit_protected=True), "never seen by a model, whatever the settings admit"


@pytest.mark.parametrize(
    ("written", "means"), [(" Gold ", "gold"), ("1", "1"), ("1.0", "1"), ("1.50", "1.50"), ("-2.00", "-2")]
)
def test_words_are_compared_without_case_and_whole_numbers_without_a_point(written: str, means: str) -> None:
    assert comparable(written) == means


def test_the_contract_has_declared_columns_behind_its_own_and_is_else_as_it_was() -> None:
    tables = {table.name: table for table in contract_with([ExtraColumn(**LEVEL), ExtraColumn(**STARS)])}
    assert (tables["users"].columns[-1].name, tables["users"].columns[-1].kind) == ("extra_level", "varchar")
    assert (tables["orders"].columns[-1].name, tables["orders"].columns[-1].kind) == ("extra_stars", "decimal")
    assert contract_with([]) == raw_contract()


USERS_NUMBER = "name: extra_a, table: users, kind: number"


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("name: loyalty, table: users, kind: number", r"features.extra.0.name: .*write extra_ and then small letters"),
        ("name: extra_visits_28d, table: users, kind: number", "'28d' reads as a window of days: rename it"),
        ("name: extra_a, table: events, kind: number", r"features.extra.0.table: .*'users' or 'orders'"),
        ("name: extra_a, table: users, kind: category", "a category needs values, such as values: "),
        (f"{USERS_NUMBER}, values: [a]", "a number has no values; make it a category"),
        (f"{USERS_NUMBER}, aggregates: [mean]", "aggregates are for orders only; leave them out"),
        ("name: extra_a, table: orders, kind: number, aggregates: [share]", "write some of mean, last, sum, max"),
        ("name: extra_a, table: users, kind: category, values: [yes, no]", "write them in quotes"),
        ("name: extra_a, table: users, kind: category, values: ['+']", "holds no letter or digit"),
        ("name: extra_a, table: users, kind: category, values: [7d]", "would read as a feature of a window"),
        ("name: extra_a, table: users, kind: category, values: [a b, a-b]", "extra_a_a_b is declared twice"),
        (f"{USERS_NUMBER}, reason_group: luck", "features.extra.0.reason_group"),
        (f"{USERS_NUMBER}, is_protected: true", "features.extra.0.is_protected: no such setting"),
        (f"{USERS_NUMBER}}}, {{{USERS_NUMBER}", "users.extra_a is declared twice"),
    ],
)
def test_a_wrong_declaration_is_told_what_to_do(tmp_path: Path, declared: str, told: str) -> None:
    file = tmp_path / "churn.yaml"
    file.write_text(f"features: {{extra: [{{{declared}}}]}}\n")
    with pytest.raises(SettingsError, match=told):
        load_settings(file)


def test_numbers_in_yaml_are_words_of_a_category(tmp_path: Path) -> None:
    file = tmp_path / "churn.yaml"
    file.write_text("features: {extra: [{name: extra_tier, table: users, kind: category, values: [1, 2]}]}\n")
    (column,) = load_settings(file).features.extra
    assert column.values == ("1", "2")
