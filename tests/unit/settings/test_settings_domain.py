"""A service that is no shop: its activities as orders and events, and the words for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.landing import of_home
from churn_assets.report.language import Words
from churn_assets.settings.domain import Domain
from churn_assets.settings.load import SettingsError
from churn_assets.settings.mapping import SourceMapping, mapping_of

COLUMNS = {"user_id": "learner", "occurred_at": "at", "activity": "what", "value": "minutes", "product_id": "course"}
DOMAIN = {"trade": "course", "purchase": ["finished"], "visits": {"opened": "view"}}


def mapping(columns: dict[str, Any] | None = None, domain: dict[str, Any] | None = None, **table: Any) -> SourceMapping:
    activities = {"columns": COLUMNS if columns is None else columns, **table}
    source = {"name": "log", "files": "log.csv", "tables": {"activities": activities}}
    values = {"domain": DOMAIN if domain is None else domain, "sources": [source]}
    return mapping_of(values, Path("mapping.yaml"))


def test_activities_are_read_as_orders_their_lines_and_events(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").prepare()
    (home.root / "log.csv").write_text(
        "learner,at,what,minutes,course\n"
        "l1,2026-01-05 19:00:00,opened,,c1\nl1,2026-01-05 19:20:00,finished,12,c1\n"
        "l1,2026-01-05 19:20:00,finished,12,c1\nl2,2026-01-06 20:00:00,left a note,,c1\n"
    )
    values = {
        "domain": DOMAIN,
        "sources": [{"name": "log", "files": "log.csv", "tables": {"activities": {"columns": COLUMNS}}}],
    }
    home.mapping_file.write_text(yaml.safe_dump(values))
    with duck() as connection:
        tables = of_home.landed(Home(home.root)).tables
        rows = {
            name: connection.sql(f"select distinct {columns} from {tables[name].scan}").fetchall()
            for name, columns in {
                "orders": "order_id, user_id, cast(amount as double)", "order_items": "order_id, product_id",
                "events": "user_id, event_type, product_id",
            }.items()
        }  # fmt: skip
    order = "l1-2026-01-05 19:20:00-finished"
    assert rows == {"orders": [(order, "l1", 12.0)], "order_items": [(order, "c1")], "events": [("l1", "view", "c1")]}


def test_an_activity_without_a_value_is_worth_the_price() -> None:
    columns = {name: made for name, made in COLUMNS.items() if name != "value"}
    (source,) = mapping(columns, DOMAIN | {"price": 9.5}).sources
    assert source.tables["orders"].columns["amount"].constant == "9.5"
    (source,) = mapping({**columns, "activity_id": "id"}, DOMAIN | {"price": 9.5}).sources
    assert source.tables["orders"].columns["order_id"].column == "id"


@pytest.mark.parametrize(
    ("columns", "domain", "reason"),
    [
        ({"user_id": "learner", "occurred_at": "at"}, DOMAIN, "required column activity is made of nothing"),
        (
            {**COLUMNS, "when": "at"},
            DOMAIN,
            "source log: tables.activities.columns.when: activities have no such column",
        ),
        (COLUMNS, {"trade": "course"}, "name in domain.purchase the activities"),
        ({"user_id": "a", "occurred_at": "b", "activity": "c"}, DOMAIN, "name a column value, or state domain.price"),
        ({**COLUMNS, "user_id": {"hash": "mail"}}, DOMAIN, "map activity_id as well"),
        (COLUMNS, {**DOMAIN, "trade": "curse"}, "course"),
        (COLUMNS, {**DOMAIN, "visits": {"opened": "viewed"}}, "view"),
    ],
)
def test_what_is_wrong_is_named(columns: dict[str, Any], domain: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        mapping(columns, domain)


@pytest.mark.parametrize(
    ("trade", "language", "text", "meant"),
    [
        ("course", "en", "Time since the last order", "Time since the last lesson"),
        ("course", "en", "Orders in 28 days, {orders} in order", "Lessons in 28 days, {orders} in order"),
        ("course", "zh", "距上次下单时间", "距上次上课时间"),
        ("subscription", "en", "The shop delivers no consents table", "The service delivers no consents table"),
        ("game", "en", "border and buyers", "border and players"),
        ("shop", "en", "mean order value", "mean order value"),
    ],
)
def test_texts_are_in_the_words_of_the_trade(trade: str, language: str, text: str, meant: str) -> None:
    assert Domain.model_validate({"trade": trade}).in_words(text, language) == meant


def test_own_words_come_before_those_of_the_trade() -> None:
    domain = Domain(trade="course", words={"order": "workshop"}, words_zh={"下单": "报名"})
    assert Words("en", None, domain)("Days since the last order") == "Days since the last workshop"
    assert domain.in_words("距上次下单时间", "zh") == "距上次报名时间"
