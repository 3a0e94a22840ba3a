"""What users say of the shop, read as a place among all answers to the same question."""

from __future__ import annotations

from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from churn_assets.duck import duck
from churn_assets.warehouse.outcomes import outcomes_of

SNAPSHOT, ASSIGNED_AT = date(2026, 6, 15), datetime(2026, 6, 1)
MARTS = """
create schema marts;
create table marts.fct_orders (
  user_id varchar, ordered_at timestamp, amount decimal(18, 4), is_purchase boolean, known_at timestamp,
  superseded_at timestamp);
create table marts.fct_returns (
  user_id varchar, returned_at timestamp, amount decimal(18, 4), known_at timestamp, superseded_at timestamp);
create table marts.fct_coupons (
  user_id varchar, redeemed_at timestamp, face_amount decimal(18, 4), known_at timestamp, superseded_at timestamp);
create table marts.fct_contacts (
  user_id varchar, sent_at timestamp, channel varchar, cost_amount decimal(18, 4), clicked_at timestamp,
  known_at timestamp, superseded_at timestamp);
create table marts.fct_consents (user_id varchar, changed_at timestamp, is_granted boolean, known_at timestamp);
create table marts.fct_support_tickets (
  user_id varchar, opened_at timestamp, known_at timestamp, superseded_at timestamp);
create table marts.fct_surveys (
  user_id varchar, asked_at timestamp, question varchar, answer varchar, known_at timestamp, superseded_at timestamp);
"""


def satisfaction(*answers: tuple[str, str, str, str | None] | tuple[str, str, str, str | None, str]) -> dict[str, Any]:
    """By user, of answers (user, day of June on which it was asked, question, answer, and known on that day)."""
    users = sorted({answer[0] for answer in answers})
    assigned = pl.DataFrame(
        {"campaign": "c", "user_id": users, "assigned_at": ASSIGNED_AT},
        schema_overrides={"assigned_at": pl.Datetime("us")},
    )
    with duck() as connection:
        connection.execute(MARTS)
        for user, day, question, answer, *known in answers:
            at = f"2026-06-{day} 10:00"
            known_at = f"2026-06-{known[0]} 10:00" if known else at
            connection.execute(
                "insert into marts.fct_surveys values (?, ?, ?, ?, ?, null)", [user, at, question, answer, known_at]
            )

        def query(sql: str, parameters: dict[str, Any], frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
            for name, frame in frames.items():
                connection.register(name, frame)
            return connection.sql(sql, params=parameters).pl()

        workplace: Any = SimpleNamespace(warehouse=SimpleNamespace(query=query))
        outcomes = outcomes_of(workplace, assigned, SNAPSHOT, 14)
    return dict(outcomes.select("user_id", "satisfaction").iter_rows())


def test_an_answer_counts_by_its_place_whatever_the_scale() -> None:
    assert satisfaction(("a", "02", "nps", "9"), ("b", "02", "nps", "3"), ("c", "02", "nps", "9")) == {
        "a": pytest.approx(2 / 3), "b": pytest.approx(1 / 6), "c": pytest.approx(2 / 3),
    }  # fmt: skip
    tenfold = satisfaction(("a", "02", "nps", "90"), ("b", "02", "nps", "30"), ("c", "02", "nps", "9999"))
    assert tenfold["b"] == pytest.approx(1 / 6)


def test_several_answers_of_a_user_are_their_mean() -> None:
    places = satisfaction(
        ("a", "02", "nps", "9"), ("a", "03", "price", "1"), ("b", "02", "nps", "3"), ("b", "02", "price", "5")
    )
    assert places == {"a": pytest.approx(0.5), "b": pytest.approx(0.5)}


@pytest.mark.parametrize("answer", [None, "friendly", "", "nan", "inf"])
def test_what_is_no_number_is_no_answer(answer: str | None) -> None:
    assert satisfaction(("a", "02", "nps", answer), ("b", "02", "nps", "3")) == {"a": None, "b": pytest.approx(0.5)}


def test_an_answer_counts_in_its_window_and_once_it_is_known() -> None:
    known = satisfaction(("a", "02", "nps", "9", "16"), ("b", "02", "nps", "3"), ("c", "15", "nps", "1"))
    assert known == {"a": None, "b": pytest.approx(0.5), "c": None}
