"""Send slots and waiting in a whole run: what is drawn is what is sent, all sides wait alike, and all limits hold.

One run on a copy of the base home (20 s), with evidence planted that a message to somebody who had one lately is lost.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
import yaml

from churn_assets.contracts.send_slots import SLOTS
from churn_assets.decisions.quiet import is_quiet
from churn_assets.delivery.approval import approve_plan
from churn_assets.delivery.plan import Plan
from churn_assets.delivery.sending import send
from churn_assets.workplace import Workplace
from tests.pipeline.test_pipeline_weeks import known_before

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance, Postbox

BEFORE, DAY = date(2026, 11, 9), date(2026, 11, 16)
EXPERIMENT = datetime(2026, 10, 26)  # its window of 14 days has closed
KNOWN = datetime(2026, 11, 10, 9)  # after the plan before, or it would be a past that has changed
BUDGET_AMOUNT, MOST_CONTACTS, ZONE = 45.0, 3, "Asia/Shanghai"
HOLDOUT, EXPLORATION = 0.2, 0.2  # as in the settings of the base instance


def plant(instance: Instance) -> None:
    """An experiment on half of the users, who had a message the day before or not; only for the others it works."""
    users = instance.query(f"select user_id from interventions.decision_ledger where snapshot_date = '{BEFORE}'")
    random = np.random.default_rng(3)
    known = users.sort("user_id").with_columns(
        is_treated=pl.Series(random.random(users.height) < 0.5), is_recent=pl.Series(random.random(users.height) < 0.5)
    )
    contacts = {
        "channel": "email", "cost_amount": 0.02, "opened_at": None, "clicked_at": None,
        "ingested_at": KNOWN,
    }  # fmt: skip
    letters = known.filter("is_recent").select(
        contact_id=pl.concat_str(pl.lit("letter-"), "user_id"), user_id="user_id",
        sent_at=pl.lit(EXPERIMENT - timedelta(days=1)), campaign_id=pl.lit("letters"), arm=pl.lit("letter"),
        is_randomised=pl.lit(value=False), propensity=pl.lit(None, pl.Float64),
        **{name: pl.lit(value) for name, value in contacts.items()},
    )  # fmt: skip
    drawn = known.select(
        contact_id=pl.concat_str(pl.lit("drawn-"), "user_id"), user_id="user_id", sent_at=pl.lit(EXPERIMENT),
        campaign_id=pl.lit("drawn"), arm=pl.when("is_treated").then(pl.lit("gift")).otherwise(pl.lit("control")),
        is_randomised=pl.lit(value=True), propensity=pl.lit(0.5), **{n: pl.lit(v) for n, v in contacts.items()},
    )  # fmt: skip
    drawn = drawn.with_columns(channel=pl.when(pl.col("arm") == "gift").then("channel").otherwise(pl.lit("none")))
    times = pl.col("opened_at", "clicked_at").cast(pl.Datetime("us"))
    pl.concat([letters, drawn]).with_columns(times).write_parquet(instance.landing / "contacts" / "planted.parquet")
    orders = pl.read_parquet(instance.landing / "orders" / "week=*.parquet").filter(pl.col("status") == "delivered")
    bought = known.filter(pl.col("is_treated") & ~pl.col("is_recent"))
    at = EXPERIMENT + timedelta(days=3)
    moments = dict.fromkeys(("ordered_at", "promised_at", "delivered_at"), pl.lit(at))
    one = orders.head(1).with_columns(**moments, ingested_at=pl.lit(KNOWN), amount=pl.lit(300.0))
    one = one.drop("order_id", "user_id")
    rows = bought.select("user_id", order_id=pl.concat_str(pl.lit("planted-"), "user_id")).join(one, how="cross")
    rows.select(orders.columns).write_parquet(instance.landing / "orders" / "planted.parquet")


@pytest.fixture(scope="module")
def instance(base: Base, postbox: tuple[Postbox, int], tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """The second plan goes out on its Thursday; the third is made with both settings."""
    made = base.after[BEFORE].copy(tmp_path_factory.mktemp("slots") / "home")
    file = made.home / "churn.yaml"
    settings = yaml.safe_load(file.read_text())
    delivery = {
        "email": "smtp", "smtp_host": "127.0.0.1", "smtp_port": postbox[1], "smtp_security": "none",
        "sender": "shop@example.org", "unsubscribe_url": "https://example.org/bye?key={message_key}",
    }  # fmt: skip
    file.write_text(yaml.safe_dump(settings | {"delivery": delivery}))
    workplace = Workplace(home_path=str(made.home))
    approve_plan(workplace, Plan.at(workplace, BEFORE), "ana", datetime.combine(BEFORE, time(8)))
    send(workplace, BEFORE, clock=lambda: datetime.combine(BEFORE, time(12)) + timedelta(days=3))
    decisions = settings["decisions"] | {
        "send_slots": "learned", "waiting": "learned", "rest_days": 10, "time_zone": ZONE,
        "max_contacts": MOST_CONTACTS,
    }  # fmt: skip
    file.write_text(yaml.safe_dump(settings | {"delivery": delivery, "decisions": decisions}))
    plant(made)
    made.succeed("run", "--snapshot", str(DAY))
    return made


@pytest.fixture(scope="module")
def ledger(instance: Instance) -> pl.DataFrame:
    return instance.query(f"select * from interventions.decision_ledger where snapshot_date = '{DAY}'")


@pytest.fixture(scope="module")
def slots(instance: Instance) -> pl.DataFrame:
    return instance.query(f"select * from interventions.send_slots where snapshot_date = '{DAY}'")


def test_who_had_a_message_lately_waits_on_every_side(instance: Instance, ledger: pl.DataFrame) -> None:
    (fatigue,) = instance.query(
        f"select * from interventions.fatigue_effects where snapshot_date = '{DAY}'"
    ).to_dicts()  # fmt: skip
    assert fatigue["loss_amount"] > 10, "as planted"
    waiting = ledger.filter(pl.col("binding_constraint") == "waits")
    since = datetime.combine(DAY, time()) - timedelta(days=10)
    recent = instance.query(
        f"select distinct user_id from marts.fct_contacts where channel <> 'none' and sent_at >= '{since}'"
    )["user_id"]
    meant = instance.query(f"select user_id from interventions.policy_sides where snapshot_date = '{BEFORE}'")
    assert waiting.height >= 5
    assert waiting["is_holdout"].any()
    assert set(waiting["user_id"]) <= {*recent, *meant["user_id"]}
    assert set(waiting["propensity"]) == {1.0}
    assert set(waiting["intended_arm"]) == {"none"}


def test_propensities_are_those_of_the_draws(instance: Instance, ledger: pl.DataFrame, slots: pl.DataFrame) -> None:
    """Of what a plan intends, (1 - holdout) (1 - exploration); of a slot, its own chance of those that add up to 1."""
    by_plan = ledger.filter(pl.col("intended_arm") != "none", ~(pl.col("is_exploration") & (pl.col("arm") != "none")))
    given = (1 - HOLDOUT) * (1 - EXPLORATION)
    stated = by_plan.select(
        pl.col("propensity"), right=pl.when(pl.col("arm") == "none").then(1 - given).otherwise(given)
    )
    assert by_plan.height > 20
    assert stated["propensity"].to_list() == pytest.approx(stated["right"].to_list())
    by_chance = instance.query(f"select * from interventions.random_options where snapshot_date = '{DAY}'")
    assert by_chance["propensity"].to_list() == pytest.approx((1 / (by_chance["treatments"].list.len() + 1)).to_list())
    for row in slots.iter_rows(named=True):
        assert sum(row["chances"]) == pytest.approx(1, abs=1e-12)
        assert row["propensity"] == row["chances"][row["slots"].index(row["slot"])]


def test_consent_caps_and_budget_hold(instance: Instance, ledger: pl.DataFrame) -> None:
    given = ledger.filter(pl.col("arm") != "none")
    assert given.height > 10
    assert round(given["expected_cost_amount"].sum(), 2) <= BUDGET_AMOUNT
    words = known_before(instance.landing, "consents", DAY, ["user_id", "channel", "purpose", "changed_at"])
    words = words.filter(pl.col("changed_at") < DAY, pl.col("purpose") == "direct_marketing").sort("changed_at")
    newest = {
        (user, channel): granted
        for user, channel, granted in words.select("user_id", "channel", "is_granted").iter_rows()
    }
    for user, channel in given.filter(pl.col("channel") != "none").select("user_id", "channel").iter_rows():
        said = [newest[user, each] for each in (channel, "all") if (user, each) in newest]
        assert said, f"{user} never said a word about {channel}"
        assert all(said), f"{user} refused {channel}"
    since = datetime.combine(DAY, time()) - timedelta(days=28)
    counts = instance.query(
        "select user_id, count(*) as n from marts.fct_contacts where channel <> 'none' and superseded_at is null "
        f"and sent_at >= '{since}' and sent_at < '{DAY}' group by user_id"
    )
    capped = counts.filter(pl.col("n") >= MOST_CONTACTS)["user_id"]
    assert len(capped) > 0
    assert set(capped).isdisjoint(given.filter(pl.col("channel") != "none")["user_id"])


def test_every_message_goes_out_in_its_slot_and_outside_quiet_hours(
    instance: Instance, slots: pl.DataFrame, ledger: pl.DataFrame
) -> None:
    """Dispatched every hour of the week, with the clock passed in."""
    workplace = Workplace(home_path=str(instance.home))
    arms = {arm.arm: arm for arm in workplace.settings.decisions.arms}
    by_user = {row["user_id"]: row for row in slots.iter_rows(named=True)}
    email = ledger.filter(pl.col("channel") == "email")
    assert sorted(by_user) == sorted(email["user_id"]), "a call has no slot"
    midnight = datetime.combine(DAY, time())
    approve_plan(workplace, Plan.at(workplace, DAY), "ana", midnight)
    count, _, last = Plan.at(workplace, DAY).later_messages(midnight)  # type: ignore[misc]
    assert last == max(row["send_after"] for row in by_user.values())
    outcomes: Counter[str] = Counter()
    hours = sorted({row["send_after"].replace(minute=0) + timedelta(hours=1) for row in by_user.values()})
    for now in hours:
        outcomes += send(workplace, DAY, clock=lambda now=now: now)  # type: ignore[misc]
    assert Plan.at(workplace, DAY).later_messages(hours[-1]) is None
    assert outcomes["delivered"] >= count
    sent = pl.read_parquet(workplace.home.received / "contacts" / "contacts.parquet").filter(pl.col("sent_at") >= DAY)
    arm_of = dict(email.select("user_id", "arm").iter_rows())
    assert sorted(sent.filter(pl.col("channel") == "email")["user_id"]) == sorted(by_user)
    for user, at in sent.filter(pl.col("channel") == "email").select("user_id", "sent_at").iter_rows():
        local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE))
        assert SLOTS[4 * local.weekday() + local.hour // 6] == by_user[user]["slot"]
        assert not is_quiet(at, arms[arm_of[user]], ZONE)
