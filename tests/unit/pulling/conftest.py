"""One server of each kind for the module that asks for it, and homes whose mapping names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from churn_assets.instance.home import Home
from tests.unit.pulling.servers import PASSWORD, USER, Server, mariadb, postgres

SHOP = {
    "users": {"table": "customers", "cursor": "updated_at", "columns": {
        "user_id": "id", "registered_at": "created_at", "email": "email"}},
    "orders": {"table": "orders", "cursor": "updated_at", "deleted_after_hours": 0.000001, "columns": {
        "order_id": "id", "user_id": "customer_id", "ordered_at": "created_at", "amount": "total", "status": "state"}},
    "order_items": {"table": "lines", "cursor": "id", "columns": {
        "order_id": "order_id", "product_id": "sku", "quantity": "pieces", "unit_price": "price"}},
    "consents": {"table": "consents", "cursor": "updated_at", "deleted_after_hours": 0.000001, "columns": {
        "user_id": "customer_id", "channel": "channel", "purpose": {"constant": "marketing"}, "is_granted": "granted",
        "changed_at": "updated_at"}},
}  # fmt: skip
MakeHome = Callable[..., Home]


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[Server]:
    with TemporaryDirectory() as folder, postgres(Path(folder)) as server:
        yield server


@pytest.fixture(scope="module")
def mariadb_server() -> Iterator[Server]:
    with TemporaryDirectory() as folder, mariadb(Path(folder)) as server:
        yield server


@pytest.fixture
def make_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeHome:
    """A home with one source `shop`; `tables` as in mapping.yaml, what else is given belongs to the source."""

    def make(server: Server, tables: dict[str, Any] | None = None, name: str = "home", **source: Any) -> Home:
        monkeypatch.setenv("CHURN_SOURCE_SHOP_USER", USER)
        monkeypatch.setenv("CHURN_SOURCE_SHOP_PASSWORD", PASSWORD)
        root = tmp_path / name
        root.mkdir(exist_ok=True)
        mapping = {"sources": [{"name": "shop", "database": server.url, **source, "tables": tables or SHOP}]}
        (root / "mapping.yaml").write_text(yaml.safe_dump(mapping))
        return Home(root).prepare()

    return make
