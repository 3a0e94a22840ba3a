"""What mapping.yaml may say of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from churn_assets.settings.load import SettingsError
from churn_assets.settings.mapping import mapping_of
from churn_assets.settings.pulled import variable

ORDERS = {"table": "orders", "columns": {"order_id": "id", "user_id": "who", "ordered_at": "at", "amount": "total"}}
URL = "postgresql://db.example.org/shop"


def source(table: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"name": "shop", "database": URL, "tables": {"orders": {**ORDERS, **(table or {})}}, **fields}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (source(database="postgresql://ann:s3cret@db.example.org/shop"), "database has a user or a password in it"),
        (source(database="postgresql://db.example.org/shop?password=s3cret"), "has a user or a password in it"),
        (source(database="oracle://db.example.org/shop"), "none of postgresql, postgres, mysql, mariadb"),
        (source(files="orders.csv"), "exactly one of files"),
        (source(database=None), "exactly one of files"),
        (source({"query": "select 1"}), "table and query are two places"),
        (source({"table": None}), "name the table of the database, or write a query"),
        (source({"table": None, "query": "select 1; drop table x"}), "one select, without a semicolon"),
        (source({"repeated_ids": "full_exports"}), "full_exports is for files"),
        (source(database=None, files="orders.csv"), "table, query and cursor are for a source with database"),
    ],
)
def test_a_mistake_is_named_and_no_secret_repeated(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as refused:
        mapping_of({"sources": [wrong]}, Path("mapping.yaml"))
    assert "source shop" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_consents_are_always_looked_for() -> None:
    columns = {name: name for name in ("user_id", "channel", "purpose", "is_granted", "changed_at")}
    consents = {"table": "consents", "deleted_after_hours": 0, "columns": columns}
    with pytest.raises(SettingsError, match="a consent that is gone is a no"):
        mapping_of({"sources": [{"name": "shop", "database": URL, "tables": {"consents": consents}}]}, Path("m.yaml"))


def test_two_sources_never_share_a_password_by_accident() -> None:
    assert variable("my-shop.2", "password") == "CHURN_SOURCE_MY_SHOP_2_PASSWORD"
    with pytest.raises(SettingsError, match="would share CHURN_SOURCE_A_B_PASSWORD"):
        mapping_of({"sources": [source(name="a-b"), source(name="a.b")]}, Path("mapping.yaml"))
