"""The simulated shop beyond its first end: more weeks, newcomers, and answers to what plans have sent."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from churn_assets.shop import Batch, ShopSettings, simulate
from churn_assets.shop.answers import MESSAGES, week_of
from churn_assets.shop.simulate import live_on
from churn_assets.shop.tables import SCHEMAS

END = date(2026, 6, 1)
SHOP = ShopSettings(end=END, users=800, weeks=10, duplicate_share=0.0, broken_share=0.0, correction_share=0.0)
NOTHING = pl.DataFrame(schema=MESSAGES)


def rows(batches: list[Batch], table: str) -> pl.DataFrame:
    return pl.concat([batch.frame for batch in batches if (batch.folder, batch.table) == ("landing", table)])


def message_to(users: list[str], day: int = 0, **values: object) -> pl.DataFrame:
    """Messages sent on that day of June, a coupon each where nothing else is said."""
    at = datetime.combine(END, datetime.min.time()) + timedelta(days=day, hours=9)
    row: dict[str, object] = {
        "sent_at": at, "campaign_id": "p@d", "arm": "coupon_10", "channel": "email", "is_randomised": False,
        "propensity": 1.0, "cost_amount": 2.5, "ingested_at": at, "offer": "coupon", "level": 10.0,
    } | values  # fmt: skip
    return pl.DataFrame([{"contact_id": f"m-{user}", "user_id": user} | row for user in users], schema=MESSAGES)


@pytest.fixture(scope="module")
def users() -> list[str]:
    known = rows(list(simulate(SHOP)), "users")
    return known.filter(pl.col("registered_at") < datetime(2026, 4, 1))["user_id"].unique(maintain_order=True).to_list()


@pytest.fixture(scope="module")
def quiet() -> list[Batch]:
    """Four weeks in which nothing is sent."""
    return list(live_on(SHOP, 10, 4, lambda _: NOTHING))


def test_every_table_goes_on_week_by_week_and_nothing_is_known_too_early(quiet: list[Batch]) -> None:
    landing = [batch for batch in quiet if batch.folder == "landing"]
    assert {(batch.table, batch.name) for batch in landing} == {
        (table, f"week={END + timedelta(weeks=week)}") for table in SCHEMAS for week in range(4)
    }
    for batch in landing:
        start = datetime.fromisoformat(batch.name.removeprefix("week="))
        assert batch.frame["ingested_at"].is_between(start, start + timedelta(days=7), closed="left").all(), batch.table
    assert all(rows(quiet, table).height for table in ("orders", "events", "users", "consents", "surveys"))


def test_what_was_on_its_way_at_the_end_arrives_afterwards(quiet: list[Batch]) -> None:
    orders = rows(quiet, "orders")
    assert orders.filter(pl.col("ordered_at") < datetime.combine(END, datetime.min.time())).height
    first = pl.concat([rows(list(simulate(SHOP)), "orders"), orders])
    assert first.group_by("order_id").agg(pl.col("user_id").n_unique()).filter(pl.col("user_id") > 1).is_empty()


def test_newcomers_have_ids_and_answers_of_their_own_and_buy(quiet: list[Batch]) -> None:
    later = rows(quiet, "users").filter(pl.col("registered_at") >= datetime.combine(END, datetime.min.time()))
    numbers = sorted(int(user[1:]) for user in later["user_id"].unique())
    assert numbers[0] >= SHOP.users
    assert 100 < len(numbers) < 260, "about as many in four weeks as in four of ten: 176"
    assert later["phone"].n_unique() == len(numbers)
    assert set(later["user_id"]) <= set(rows(quiet, "consents")["user_id"])
    assert set(later["user_id"]) & set(rows(quiet, "orders")["user_id"])


def test_weeks_are_the_same_however_they_are_split(users: list[str], quiet: list[Batch]) -> None:
    sent = {10: message_to(users[:200]), 12: message_to(users[100:300], 14)}

    def messages(week: int) -> pl.DataFrame:
        return sent.get(week, NOTHING)

    whole = [batch for batch in live_on(SHOP, 10, 4, messages) if batch.folder == "landing"]
    parts = [batch for batch in live_on(SHOP, 10, 1, messages) if batch.folder == "landing"]
    parts += [batch for batch in live_on(SHOP, 11, 3, messages) if batch.folder == "landing"]
    assert [(batch.table, batch.name) for batch in whole] == [(batch.table, batch.name) for batch in parts]
    assert all(one.frame.equals(other.frame) for one, other in zip(whole, parts, strict=True))
    assert not rows(whole, "orders").equals(rows(quiet, "orders")), "messages change nothing"


def test_a_message_is_answered_as_users_do(users: list[str]) -> None:
    batches = list(live_on(SHOP, 10, 2, lambda week: message_to(users) if week == 10 else NOTHING))
    coupons = rows(batches, "coupons").filter(pl.col("face_amount") == 10.0)
    assert set(coupons["user_id"]) <= set(users)
    assert coupons["user_id"].n_unique() > 0.95 * len(users), "all but the rows that are known late"
    contacts = rows(batches, "contacts").filter(pl.col("contact_id").str.starts_with("m-"))
    assert 0.05 < contacts.height / len(users) < 0.5
    assert contacts["opened_at"].null_count() == 0
    assert (contacts["opened_at"] > contacts["sent_at"]).all()
    assert set(contacts["campaign_id"]) == {"p@d"}
    assert contacts["clicked_at"].drop_nulls().len()


def test_who_refuses_says_so_in_consents_and_gets_no_newsletter_from_then_on() -> None:
    many = ShopSettings(end=END, users=4_000, weeks=4, duplicate_share=0.0, broken_share=0.0, late_share=0.0)
    everybody = [f"u{number:06}" for number in range(4_000)]
    batches = list(live_on(many, 4, 3, lambda week: message_to(everybody) if week == 4 else NOTHING))
    opened = rows(batches, "contacts").filter(pl.col("contact_id").str.starts_with("m-"))
    refusals = rows(batches, "consents").filter(~pl.col("is_granted"), pl.col("channel") == "email")
    said = refusals.join(opened.select("user_id", "opened_at"), on="user_id").filter(
        pl.col("changed_at") == pl.col("opened_at") + timedelta(minutes=1)
    )
    assert 3 <= said.height <= 40
    newsletters = rows(batches, "contacts").filter(pl.col("campaign_id").str.starts_with("n"))
    after = newsletters.join(said.select("user_id", "changed_at"), on="user_id").filter(
        pl.col("sent_at") > pl.col("changed_at") + timedelta(days=7)
    )
    assert newsletters.height > 50
    assert after.is_empty()


def test_a_coupon_moves_orders_by_what_the_truth_says() -> None:
    """Eight of ten are sent a coupon of level 40: twice the response of coupon_10, whose mean is a factor of 1.16."""
    many = ShopSettings(end=END, users=4_000, weeks=4, duplicate_share=0.0, broken_share=0.0, correction_share=0.0)
    treated = [f"u{number:06}" for number in range(4_000) if number % 10 < 8]

    def orders(messages: pl.DataFrame) -> int:
        batches = list(live_on(many, 4, 2, lambda week: messages if week == 4 else NOTHING))
        return rows(batches, "orders").filter(pl.col("user_id").is_in(treated))["order_id"].n_unique()

    ratio = orders(message_to(treated, level=40.0)) / orders(NOTHING)
    assert 1.1 < ratio < 1.9
    reminded = orders(message_to(treated, offer="recommendation", level=None)) / orders(NOTHING)
    assert 0.9 < reminded < 1.15


def test_a_call_is_answered_by_whom_it_reaches(users: list[str]) -> None:
    calls = message_to(users[:200], channel="call", offer="care_message", level=None)
    batches = list(live_on(SHOP, 10, 2, lambda week: calls if week == 10 else NOTHING))
    reached = rows(batches, "contacts").filter(pl.col("contact_id").str.starts_with("m-"))
    assert 0.55 < reached.height / 200 < 0.85
    assert reached["clicked_at"].null_count() == reached.height


def test_messages_to_strangers_are_left_out(users: list[str], quiet: list[Batch]) -> None:
    strangers = message_to(["nobody", "u999999"])
    batches = list(live_on(SHOP, 10, 4, lambda week: strangers if week == 10 else NOTHING))
    assert rows(batches, "contacts").equals(rows(quiet, "contacts"))


@pytest.mark.parametrize(("sent_at", "week"), [
    ("2026-06-01T00:00", 0), ("2026-06-01T23:59", 0), ("2026-06-02T00:00", 1), ("2026-06-07T12:00", 1),
    ("2026-06-08T09:00", 1), ("2026-05-31T12:00", 0),
])  # fmt: skip
def test_a_message_of_the_first_day_works_in_its_week_and_a_later_one_in_the_next(sent_at: str, week: int) -> None:
    frame = pl.DataFrame({"sent_at": [datetime.fromisoformat(sent_at)]})
    number = frame.select(week_of(pl.col("sent_at"), pl.lit(datetime.combine(END, datetime.min.time())))).item()
    assert number == week
