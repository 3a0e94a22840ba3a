"""Migrations are numbered without a gap, applied statement by statement, and never edited once they were released."""

from __future__ import annotations

import hashlib
import re

import pytest

from churn_assets.instance.record.consent import consent_holds
from churn_assets.instance.record.schema import FOLDER, MIGRATIONS, Migration, Schema

# Of the whole file. A hash changes only while its migration has not been released yet.
RELEASED = {
    "0001_as_first_numbered": "60a16a17f2770aa4",
    "0002_consent_that_holds": "a70082f59ebfb8ca",
    "0003_codes_given": "d46cc7865b7ed454",
    "0004_withheld": "8d86f1a63519049f",
    "0005_console": "7c998e1463c0e190",
    "0006_api": "c4e9ce90f439bc8e",
    "0007_alerts": "8e1448d5f52bb4d3",
    "0008_policy_promotions": "d594fa6922dd7f8d",
    "0009_chain": "f574ad0ffe8792b5",
    "0010_erasure_notices": "a167b210c6ff091f",
}


def test_numbers_go_up_from_one_without_a_gap() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    names = [file.name for file in FOLDER.iterdir()]
    assert [name for name in names if not re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name)] == []


def test_no_migration_that_was_released_has_been_edited() -> None:
    now = {each.name: hashlib.sha256(each.sql.encode()).hexdigest()[:16] for each in MIGRATIONS}
    assert now == RELEASED, "a released migration stays as it is: write the next one; a new one adds its hash here"


def test_a_trigger_is_one_statement_and_comments_belong_to_what_follows() -> None:
    sql = "-- why; not\ncreate table a (x int);\n"
    sql += "create trigger t before update on a begin\n  select 1; select 2;\nend;\n-- z\n"
    table, trigger = Migration(1, "0001_a", sql).statements
    assert table == "-- why; not\ncreate table a (x int);\n"
    assert trigger.endswith("select 1; select 2;\nend;\n")


def test_half_a_statement_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"migration 0002_b ends in the middle of a statement: 'drop table'"):
        _ = Migration(2, "0002_b", "drop table a;\ndrop table").statements


def test_every_migration_is_plain_statements() -> None:
    words = re.compile(r"^\s*(begin(?! *$)|commit|rollback|pragma|vacuum|attach|savepoint)\b", re.IGNORECASE)
    found = [s for m in MIGRATIONS for s in m.statements if words.match(re.sub(r"--.*\n", "", s))]
    assert found == []


def test_what_stands_on_record_is_guarded() -> None:
    """The guard of consent and the sealed content of messages are in the schema itself."""
    others = Schema.after(MIGRATIONS).others
    assert {name for kind, name in others if kind == "trigger"} >= {
        "nothing_leaves_without_consent",
        "a_payload_is_for_ever",
    }


def test_the_trigger_and_the_audit_are_one_rule() -> None:
    guard = Schema.after(MIGRATIONS).others[("trigger", "nothing_leaves_without_consent")]
    assert consent_holds("new.user_id", "new.channel") in guard
