"""Coupon codes from the landing to people: as many users as codes, each code once, and who is left says why.

One home as it was after the second week, with a pool of codes; one run more (30 s) and its dispatch.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
import yaml

from churn_assets.delivery.approval import approve_plan
from churn_assets.delivery.code_pool import given_codes
from churn_assets.delivery.plan import Plan
from churn_assets.delivery.sending import rehearse, send
from churn_assets.workplace import Workplace

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance, Postbox

BEFORE, DAY, NOW = date(2026, 11, 9), date(2026, 11, 16), datetime(2026, 11, 17, 12)
CODES = [f"TEN-{number}" for number in range(4)]
COUPON = {
    "arm": "coupon", "channel": "email", "offer": "coupon", "template": "coupon", "code": "pool",
    "texts": {"en": {"subject": "For you", "body": "{level} % with code {code}. {unsubscribe_url}"}},
    "levels": [
        {"level": "10", "cost_amount": 1.0, "assumed_lift": 0.2},
        {"level": "20", "cost_amount": 2.0, "assumed_lift": 0.3},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def told(base: Base, instance: Instance) -> str:
    """What the run said."""
    return instance.succeed("run", "--snapshot", str(DAY))


@pytest.fixture(scope="module")
def instance(base: Base, postbox: tuple[Postbox, int], tmp_path_factory: pytest.TempPathFactory) -> Instance:
    made = base.after[BEFORE].copy(tmp_path_factory.mktemp("codes") / "home")
    file = made.home / "churn.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["decisions"] |= {"arms": [COUPON], "budget_amount": 1000.0}
    settings["delivery"] = {
        "email": "smtp", "smtp_host": "127.0.0.1", "smtp_port": postbox[1], "smtp_security": "none",
        "sender": "shop@example.org", "unsubscribe_url": "https://example.org/bye?key={message_key}",
    }  # fmt: skip
    file.write_text(yaml.safe_dump(settings))
    arrived = [datetime(2026, 11, 10)] * len(CODES) + [datetime(2026, 11, 16)]
    pool = pl.DataFrame({"code": [*CODES, "LATE"], "arm": "coupon", "level": "10", "ingested_at": arrived})
    (made.landing / "coupon_codes").mkdir()
    pool.write_parquet(made.landing / "coupon_codes" / "pool.parquet")
    return made


def test_the_plan_gives_a_code_to_as_many_as_there_are(told: str, instance: Instance) -> None:
    ledger = instance.query(f"select * from interventions.decision_ledger where snapshot_date = date '{DAY}'")
    assert ledger.filter(pl.col("arm") != "none").select("arm", "level").rows() == [("coupon", "10")] * len(CODES)
    limits = instance.query(f"select * from interventions.limit_prices where snapshot_date = date '{DAY}'")
    pool = limits.filter(pl.col("limit") == "code_pool:coupon_10").row(0, named=True)
    short = ledger.filter(pl.col("binding_constraint") == "code_pool")
    assert (pool["most"], pool["used"]) == (len(CODES), len(CODES))
    assert len(short) == pool["users_short"] > 0
    assert re.search(rf"left alone: code_pool +{len(short)}", told)
    assert re.search(r"arm left out +coupon_20: no coupon code is left for it \(raw", told)


def test_each_code_is_given_once(told: str, instance: Instance, postbox: tuple[Postbox, int]) -> None:
    workplace = Workplace(home_path=str(instance.home))
    assert rehearse(workplace, DAY, NOW)["would be handed over"] == len(CODES)
    assert given_codes(workplace.record) == set()
    approve_plan(workplace, Plan.at(workplace, DAY), "ana", NOW)
    assert send(workplace, DAY, clock=lambda: NOW)["delivered"] == len(CODES)
    bodies = [mail.get_payload(decode=True).decode() for mail in postbox[0].mails]  # type: ignore[union-attr]
    assert sorted(re.findall(r"10 % with code ([\w-]+)\.", " ".join(bodies))) == CODES
    assert given_codes(workplace.record) == set(CODES)
    assert send(workplace, DAY, clock=lambda: NOW)["delivered"] == 0


def test_the_plan_and_what_analysts_read_hold_no_code_that_was_given(told: str, instance: Instance) -> None:
    shown = instance.query(f"select payload from interventions.outbox where expires_at > timestamp '{DAY}'")
    payloads = [json.loads(payload) for payload in shown["payload"]]
    assert {(payload["code"], payload["code_from"]) for payload in payloads} >= {(None, "pool")}
    assert not any(code in payload for payload in shown["payload"] for code in CODES)
