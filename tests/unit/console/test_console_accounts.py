"""What it costs to guess a password, of an account and of none."""

from __future__ import annotations

from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from churn_assets.console.accounts import _hash_of_nobody, add_account
from churn_assets.instance.record.store import Record
from tests.unit.console.conftest import NOW, PASSWORD


def test_a_guess_costs_what_rfc_9106_recommends_whether_there_is_such_an_account_or_not(record: Record) -> None:
    add_account(record, "vera", "viewer", PASSWORD, "root", NOW)
    with record.reading() as connection:
        ((stored,),) = connection.execute("select password_hash from accounts").fetchall()
    assert PASSWORD not in stored
    assert extract_parameters(stored) == extract_parameters(_hash_of_nobody()) == RFC_9106_LOW_MEMORY
