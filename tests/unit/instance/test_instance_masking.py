"""What analysts read names nobody, and is still about the same user in every table."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from churn_assets.duck import duck
from churn_assets.instance.keys import own_key
from churn_assets.instance.masking import pseudonyms, show_masked, write_pseudonyms

USERS = pl.Series("user_id", ["u2", "u1", "u2"])


def test_a_pseudonym_is_of_the_user_and_the_key() -> None:
    first = pseudonyms(USERS, b"key")
    assert first["user_id"].to_list() == ["u1", "u2"]
    assert first["pseudonym"].n_unique() == 2
    assert first["pseudonym"].str.contains(r"^[0-9a-f]{20}$").all()
    assert first.equals(pseudonyms(USERS.reverse(), b"key"))
    assert not set(first["pseudonym"]) & set(pseudonyms(USERS, b"other")["pseudonym"])


def test_a_key_is_made_once_and_its_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert own_key(folder, "masking") == own_key(folder, "masking") != own_key(folder, "approval")
    assert (folder.stat().st_mode & 0o777, (folder / "masking.key").stat().st_mode & 0o777) == (0o700, 0o600)


def test_views_have_a_pseudonym_where_the_tables_have_a_user(tmp_path: Path) -> None:
    """Of the tables that are there; who has no pseudonym yet is left out, not shown by name."""
    file = tmp_path / "o'connor" / "pseudonyms.parquet"
    write_pseudonyms(file, USERS, b"key")
    with duck(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("create schema scoring")
        connection.execute("create schema interventions")
        connection.execute(
            "create table scoring.scored_users as select 'u' || i as user_id, i as risk_rank from range(1, 4) t(i)"
        )
        connection.execute(
            "create table interventions.outbox as select 'k' as message_key, 'd' as decision_id, 'u1' as user_id, "
            "'planned' as state, 'to u1' as payload"
        )
        show_masked(connection, tmp_path / "nothing.parquet")
        show_masked(connection, file)
        show_masked(connection, file)
        scored = connection.execute("select * from masked.scored_users order by risk_rank")
        assert [column[0] for column in scored.description] == ["pseudonym", "risk_rank"]
        ranks = scored.fetchall()
        messages = connection.execute("select pseudonym, state from masked.outbox").fetchall()
        columns = [column[0] for column in connection.execute("from masked.outbox").description]
    names = dict(pseudonyms(USERS, b"key").iter_rows())
    assert ranks == [(names["u1"], 1), (names["u2"], 2)]
    assert (messages, columns) == ([(names["u1"], "planned")], ["pseudonym", "state"])
