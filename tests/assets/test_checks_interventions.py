"""The holdout is untouched, the budget kept, consent respected: a sound ledger, and planted violations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.decisions.decide import decide
from churn_assets.defs.interventions.checks import (
    budget_is_kept,
    consent_is_respected,
    holdout_is_untouched,
    messages_have_consent,
    nothing_was_sent_without_consent,
)
from churn_assets.workplace import Workplace

DAY = date(2024, 6, 17)
Run = Callable[..., Any]


@pytest.fixture
def decided(workplace: Workplace, execute: Run) -> pl.DataFrame:
    """A sound ledger of 400 users, published with its messages; the consents it was made from are in the warehouse."""
    users = 400
    consents = {
        f"consent_{channel}": [[True, True, False, None][user % 4] for user in range(users)]
        for channel in SENDING_CHANNELS
    }
    candidates = pl.DataFrame(
        {
            "user_id": [f"u{user:03}" for user in range(users)],
            "snapshot_date": [DAY] * users,
            "churn_probability": [0.9] * users,
            "risk_rank": list(range(1, users + 1)),
            "risk_tier": ["urgent"] * users,
            "value_at_risk_amount": [500.0] * users,
            "reason_1": [["service", "price", "rhythm"][user % 3] for user in range(users)],
            "reason_2": [None] * users,
            "reason_3": [None] * users,
            **consents,
        },
        schema_overrides={"reason_2": pl.String, "reason_3": pl.String},
    ).with_columns(
        *[
            pl.when(~pl.col(f"consent_{channel}").fill_null(value=False)).then(pl.lit("no_consent"))
            .alias(f"hindrance_{channel}")
            for channel in SENDING_CHANNELS
        ],
        hindrance_none=pl.lit(None, pl.String),
        cooling_arms=pl.lit([], pl.List(pl.String)),
        wordless_arms=pl.lit([], pl.List(pl.String)),
        unit_id="user_id",
    )  # fmt: skip
    file = workplace.home.root / "statuses.parquet"
    candidates.select("user_id", "snapshot_date", *consents).write_parquet(file)
    execute("create schema features", f"create table features.user_statuses as from '{file}'")
    ledger = decide(candidates.drop(consents), workplace.settings.decisions, DAY).ledger
    _publish(workplace, ledger)
    return ledger


def _publish(workplace: Workplace, ledger: pl.DataFrame) -> None:
    workplace.tables.publish("interventions", "decision_ledger", DAY, ledger)
    workplace.tables.publish("interventions", "outbox", DAY, _messages(ledger))


def _messages(ledger: pl.DataFrame, state: str = "planned") -> pl.DataFrame:
    return ledger.filter(pl.col("arm") != "none").with_columns(state=pl.lit(state))


INTERVENTION_CHECKS = (budget_is_kept, consent_is_respected, holdout_is_untouched, messages_have_consent)
ACT = {"arm": pl.lit("reminder_email"), "channel": pl.lit("email")}


def _failed(run_check: Run) -> list[str]:
    """Names of the checks that fail; any of them must stop what follows."""
    told = run_check(INTERVENTION_CHECKS, DAY)
    assert told.is_followed is not bool(told.failed)
    names: list[str] = told.failed_names
    return names


def test_sound_decisions_pass(decided: pl.DataFrame, run_check: Run) -> None:
    assert decided.filter(pl.col("arm") != "none")["arm"].n_unique() == 3
    assert _failed(run_check) == []


@pytest.mark.parametrize("is_hidden", [False, True])
def test_a_treated_holdout_user_is_found(
    decided: pl.DataFrame, is_hidden: bool, workplace: Workplace, run_check: Run
) -> None:
    """Also where the ledger does not say that the user is in the holdout."""
    consenting = pl.col("user_id").str.slice(1).cast(pl.Int64) % 4 < 2
    one = decided.filter(pl.col("is_holdout") & consenting)["user_id"][0]
    is_one = pl.col("user_id") == one
    changed = {name: pl.when(is_one).then(value).otherwise(pl.col(name)) for name, value in ACT.items()}
    _publish(workplace, decided.with_columns(**changed, is_holdout=pl.col("is_holdout") & ~(is_one & is_hidden)))
    assert _failed(run_check) == ["holdout_is_untouched"]


@pytest.mark.parametrize(("arm", "users", "wrong"), [("coupon", 801, "cost_amount"), ("care_call", 51, "places")])
def test_spending_beyond_budget_or_places_is_found(
    decided: pl.DataFrame, arm: str, users: int, wrong: str, workplace: Workplace, run_check: Run
) -> None:
    """801 of the smallest coupon, 1.25, are 1001.25 of a budget of 1000; 51 calls need one place more than there is."""
    row = decided.filter(pl.col("arm") == arm).head(1)
    _publish(workplace, pl.concat([row] * users))
    assert _failed(run_check) == ["budget_is_kept"]
    figures = run_check(budget_is_kept, DAY).figures("interventions/decision_ledger")
    assert figures[f"users {arm}".replace("_", " ")] == users
    assert (figures["cost (currency of orders)"] > figures["budget (currency of orders)"]) is (wrong == "cost_amount")
    assert (figures["arms beyond capacity"] == arm) is (wrong == "places")


@pytest.mark.parametrize("rest", [2, 3])
def test_a_message_without_consent_is_found(
    decided: pl.DataFrame, rest: int, workplace: Workplace, run_check: Run
) -> None:
    """To somebody who refused, and to somebody who never said a word."""
    silent = (pl.col("user_id").str.slice(1).cast(pl.Int64) % 4 == rest) & ~pl.col("is_holdout")
    is_one = pl.col("user_id") == decided.filter(silent)["user_id"][0]
    changed = {name: pl.when(is_one).then(value).otherwise(pl.col(name)) for name, value in ACT.items()}
    _publish(workplace, decided.with_columns(**changed))
    assert _failed(run_check) == ["consent_is_respected", "messages_have_consent"]


def test_a_message_to_a_stranger_has_no_consent(decided: pl.DataFrame, workplace: Workplace, run_check: Run) -> None:
    messages = _messages(decided).head(1).with_columns(user_id=pl.lit("nobody knows them"))
    workplace.tables.publish("interventions", "outbox", DAY, messages)
    assert run_check(messages_have_consent, DAY).failed == ["interventions/outbox"]
    gone = [messages.with_columns(state=pl.lit(state)) for state in ("cancelled", "delivered")]
    for rows in gone:  # these go nowhere any more
        workplace.tables.publish("interventions", "outbox", DAY, rows)
        assert run_check(messages_have_consent, DAY).failed == []


def test_a_no_that_arrived_after_the_decision_is_counted_and_stops_only_its_message(
    decided: pl.DataFrame, workplace: Workplace, run_check: Run
) -> None:
    is_one = pl.col("user_id") == decided.filter(pl.col("arm") == "none", ~pl.col("is_holdout"))["user_id"][0]
    changed = {name: pl.when(is_one).then(value).otherwise(pl.col(name)) for name, value in ACT.items()}
    _publish(workplace, decided.with_columns(**changed))
    workplace.tables.publish("scoring", "scored_users", DAY, decided.select("user_id"))  # by a later run
    told = run_check(consent_is_respected, DAY)
    assert told.failed == []
    figures = told.figures("interventions/decision_ledger")
    assert figures["users refusing"] + figures["users without a word"] == 1
    assert not figures["is decided now"]
    assert run_check(messages_have_consent, DAY).failed == ["interventions/outbox"]


@pytest.mark.parametrize(
    ("said", "sent", "is_found"),
    [
        ([("email", 1, "2024-06-01", "2024-06-01")], "2024-06-18", False),
        ([], "2024-06-18", True),
        ([("email", 1, "2024-06-01", "2024-06-01"), ("email", 0, "2024-06-17", "2024-06-17")], "2024-06-18", True),
        ([("email", 1, "2024-06-01", "2024-06-01"), ("email", 0, "2024-06-17", "2024-06-20")], "2024-06-18", False),
        ([("all", 1, "2024-06-01", "2024-06-01")], "2024-06-18", False),
        ([], "2024-06-01", False),  # before the snapshot before: told of at that time
    ],
)
def test_a_message_that_left_without_consent_is_found(
    decided: pl.DataFrame, said: list[tuple[str, int, str, str]], sent: str, is_found: bool, workplace: Workplace,
    run_check: Run,
) -> None:  # fmt: skip
    """Written past the trigger, as by somebody with a tool of their own. A word counts once it was received."""
    with workplace.record.transaction() as connection:
        connection.execute("insert into outbox values ('k', 'd', 'u', 'email', 't', '{}', 'delivered', '2024', '2025')")
        connection.execute(
            "insert into attempts (message_key, user_id, adapter, payload_sha256, started_at) "
            "values ('k', 'u', 'a', 's', ?)",
            (sent,),
        )
        for channel, is_granted, changed_at, received_at in said:
            connection.execute(
                "insert into consent_words (user_id, channel, is_granted, changed_at, source, received_at) "
                "values ('u', ?, ?, ?, 'landing', ?)",
                (channel, is_granted, changed_at, received_at),
            )
    assert bool(run_check(nothing_was_sent_without_consent, DAY).failed) is is_found


def test_a_ledger_outlives_its_policy(decided: pl.DataFrame, workplace: Workplace, run_check: Run) -> None:
    """Decided under other settings: the budget of now says nothing about it, its own holdout still does."""
    older = decided.with_columns(policy_version=pl.lit("rules-00000000"))
    _publish(workplace, pl.concat([older] * 9))
    told = run_check(budget_is_kept, DAY)
    assert told.failed == []
    assert "another policy" in told.figures("interventions/decision_ledger")["note"]
    _publish(workplace, older.with_columns(is_holdout=pl.lit(value=True)))
    assert run_check(holdout_is_untouched, DAY).failed == ["interventions/decision_ledger"]
