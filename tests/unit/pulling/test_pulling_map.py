"""`churn map` on a database, read by the same recogniser as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn_assets.command.mapping import map_files
from churn_assets.instance.home import Home
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.pull import pull
from churn_assets.settings.mapping import load_mapping
from tests.unit.pulling.conftest import MakeHome
from tests.unit.pulling.servers import PASSWORD, Server
from tests.unit.pulling.test_pulling_postgres import ROWS, TABLES


def test_a_mapping_is_proposed_shown_and_can_be_pulled(
    postgres_server: Server, make_home: MakeHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    postgres_server.run(
        "drop table if exists customers, orders, lines, consents cascade", TABLES, ROWS,
        "create schema if not exists secret", "create table if not exists secret.audit (id int, what bytea)",
    )  # fmt: skip
    make_home(postgres_server)  # which sets user and password
    root = tmp_path / "mapped"
    assert map_files(root, [postgres_server.url], is_agreed=True, is_dry=False)
    said = capsys.readouterr().out
    assert "orders, of orders: 200 rows" in said
    assert "(set)" in said
    assert "@example.org" not in said
    assert "secret.audit" in said, "what is no raw table is named"
    assert "lines: id grows with new rows only" in said
    assert "Next: churn pull" in said
    (source,) = load_mapping(root / "mapping.yaml").sources
    assert (source.name, source.database) == ("shop", postgres_server.url)
    assert {name: (made.table, made.cursor) for name, made in source.tables.items()} == {
        "users": ("customers", "updated_at"), "orders": ("orders", "updated_at"), "order_items": ("lines", "id"),
        "consents": ("consents", "updated_at"),
    }  # fmt: skip
    assert source.tables["orders"].columns["order_id"].column == "id", "a bare id is that of its table"
    assert {read.table: read.rows for read in pull(Home(root).prepare())} == {
        "orders": 200, "users": 30, "order_items": 400, "consents": 30,
    }  # fmt: skip


def test_a_password_in_the_url_is_refused_and_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PullError, match="CHURN_SOURCE_NAME_PASSWORD") as refused:
        map_files(tmp_path, [f"postgresql://ann:{PASSWORD}@127.0.0.1/shop"], is_agreed=True, is_dry=False)
    assert PASSWORD not in str(refused.value) + capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://127.0.0.1:5432", "names no database"),
        ("postgresql://127.0.0.1:99999/shop", "is no URL"),
        ("mysql:///shop", "names no host"),
    ],
)
def test_a_url_that_names_nothing_says_what_is_expected(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(PullError, match=message):
        map_files(tmp_path, [url], is_agreed=True, is_dry=False)
