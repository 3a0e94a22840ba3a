"""From a plan to people and back: approved, sent once, refused where consent ended, and known to the next snapshot.

One home as it was after the second week; the clock is that of the week, since an old plan is never sent.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING
from unittest.mock import patch

import dagster as dg
import polars as pl
import pytest
import yaml

from churn_assets.command.delivering import approve, suppress, unsubscribe
from churn_assets.defs.interventions.dispatches import dispatches
from churn_assets.delivery.approval import NotAllowed, approve_plan, why_not_approved
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.delivery.plan import Plan
from churn_assets.delivery.receipts import write_receipts
from churn_assets.delivery.sending import rehearse, send
from churn_assets.workplace import Workplace
from tests.pipeline.test_pipeline_erasure import tables_of

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance, Postbox

DAY, NEXT = date(2026, 11, 9), date(2026, 11, 16)
NOW, LATER = datetime(2026, 11, 10, 12), datetime(2026, 11, 11, 9)


@pytest.fixture(scope="module")
def instance(base: Base, postbox: tuple[Postbox, int], tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """With a mail server to send by."""
    made = base.after[DAY].copy(tmp_path_factory.mktemp("delivery") / "home")
    file = made.home / "churn.yaml"
    delivery = {
        "email": "smtp", "smtp_host": "127.0.0.1", "smtp_port": postbox[1], "smtp_security": "none",
        "sender": "shop@example.org", "unsubscribe_url": "https://example.org/bye?key={message_key}",
    }  # fmt: skip
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"delivery": delivery}))
    return made


@pytest.fixture(scope="module")
def workplace(instance: Instance) -> Workplace:
    return Workplace(home_path=str(instance.home))


@pytest.fixture(scope="module")
def planned(workplace: Workplace) -> pl.DataFrame:
    messages = workplace.outbox.messages()
    plan = messages.filter(pl.col("not_before").dt.date() == DAY)
    assert len(plan) >= 4, "too few messages to try anything on"
    return plan


@pytest.fixture(scope="module")
def refuser(instance: Instance, planned: pl.DataFrame) -> str:
    """Somebody in the plan who took their consent back the day after the snapshot."""
    user = str(planned["user_id"][0])
    word = {
        "user_id": [user], "channel": [planned["channel"][0]], "purpose": ["direct_marketing"], "is_granted": [False],
        "changed_at": [datetime(2026, 11, 10, 8)], "ingested_at": [datetime(2026, 11, 10, 9)],
    }  # fmt: skip
    pl.DataFrame(word).write_parquet(instance.landing / "consents" / "late.parquet")
    return user


@pytest.fixture(scope="module")
def sent(workplace: Workplace, refuser: str) -> Counter[str]:
    """What the one dispatch of the plan told; before it, everything that must not work was tried."""
    dry = rehearse(workplace, DAY, NOW)
    assert dry["cancelled: no valid consent"] == 1
    with pytest.raises(NotAllowed, match="The plan of 2026-11-09 is not approved: churn approve"):
        send(workplace, DAY, clock=lambda: NOW)
    with pytest.raises(NotAllowed, match="The plan of 2026-11-02 is an old one"):
        send(workplace, date(2026, 11, 2), clock=lambda: NOW)
    with pytest.raises(NotAllowed, match=r"has expired at 2026-11-16 .*: churn run makes the next one, of 2026-11-16"):
        send(workplace, DAY, clock=lambda: datetime(2026, 11, 16))
    with patch("churn_assets.command.delivering.utc_now", lambda: NOW):
        assert approve(workplace.home.root, DAY, "ana", lambda _: False) is False
    assert "approved" not in workplace.outbox.messages()["state"].to_list()
    approve_plan(workplace, Plan.at(workplace, DAY), "ana", NOW)
    _forge(workplace)
    with pytest.raises(NotAllowed, match="in the name of mallory was not signed on this instance"):
        send(workplace, DAY, clock=lambda: NOW)
    approve_plan(workplace, Plan.at(workplace, DAY), "ana", NOW)
    assert workplace.outbox.messages().filter(pl.col("state") == "dispatched").is_empty()
    return send(workplace, DAY, clock=lambda: NOW)


def _forge(workplace: Workplace) -> None:
    with workplace.record.transaction() as connection:
        connection.execute(
            "insert into approvals (snapshot_date, plan_sha256, messages, cost_amount, approved_by, approved_at, "
            "signature) select snapshot_date, plan_sha256, messages, cost_amount, 'mallory', approved_at, signature "
            "from approvals"
        )


def test_everybody_who_may_be_written_to_is_once(
    sent: Counter[str], planned: pl.DataFrame, workplace: Workplace, postbox: tuple[Postbox, int], refuser: str
) -> None:
    states = workplace.outbox.messages(planned["decision_id"].to_list())
    delivered = states.filter(pl.col("state") == "delivered")
    emails = delivered.filter(pl.col("channel") == "email")["user_id"].to_list()
    assert sent["delivered"] == len(delivered) > 0
    assert sorted(mail["To"] for mail in postbox[0].mails) == sorted(f"{user}@example.com" for user in emails)
    assert sent["cancelled: no valid consent"] == 1
    assert states.filter(pl.col("user_id") == refuser)["state"].to_list() == ["cancelled"]
    assert send(workplace, DAY, clock=lambda: NOW)["delivered"] == 0, "a second dispatch has nothing left"


def test_a_mail_says_what_was_approved_and_how_to_leave(
    sent: Counter[str], planned: pl.DataFrame, postbox: tuple[Postbox, int]
) -> None:
    mail = postbox[0].mails[0]
    row = planned.row(by_predicate=pl.col("user_id") == mail["To"].split("@")[0], named=True)
    words = json.loads(row["payload"])
    link = f"https://example.org/bye?key={row['message_key']}"
    told = mail.get_payload(decode=True).decode().splitlines()  # type: ignore[union-attr]
    assert told == words["body"].replace("{unsubscribe_url}", link).splitlines()
    assert mail["Subject"] == words["subject"]
    assert mail["List-Unsubscribe"] == f"<{link}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_everybody_reads_the_new_states(sent: Counter[str], instance: Instance) -> None:
    shown = instance.query("select state, count(*) as n from interventions.outbox group by state")
    assert dict(shown.rows())["delivered"] == sent["delivered"]


def test_a_plan_that_changed_needs_another_approval(sent: Counter[str], workplace: Workplace) -> None:
    plan = Plan.at(workplace, DAY)
    less = Plan(plan.snapshot, plan.messages[1:], plan.policy_version)
    told = why_not_approved(workplace, less)
    assert "is not the one that ana approved" in str(told)


def test_from_the_ui_an_old_plan_is_not_even_looked_at(sent: Counter[str], workplace: Workplace) -> None:
    """A backfill of the asset writes to nobody."""
    for is_sent in (False, True):
        result = dg.materialize(
            [dispatches],
            partition_key="2026-11-02",
            resources={"workplace": workplace},
            run_config={"ops": {"interventions__dispatches": {"config": {"is_sent": is_sent}}}},
            raise_on_error=False,
        )
        (failure,) = [event for event in result.all_events if event.is_step_failure]
        assert "is an old one; only the newest, of 2026-11-09, may be sent" in str(failure.step_failure_data.error)


@pytest.mark.parametrize("command", [("approve", "--yes"), ("dispatch",), ("dispatch", "--send")])
def test_a_plan_whose_week_is_over_is_refused_on_the_command_line(base: Base, command: tuple[str, ...]) -> None:
    """The real clock is later than the data of these tests."""
    done = base.final.churn(*command)
    assert done.returncode == 1
    assert "The plan of 2026-11-16 has expired at 2026-11-23 00:00:00 UTC: the landing has no newer ord" in done.stderr


def test_no_address_is_anywhere_but_where_it_came_from(sent: Counter[str], instance: Instance) -> None:
    """Of all users: every file decoded but the landing and the list for the call centre."""
    users = pl.read_parquet(instance.landing / "users" / "*.parquet", hive_partitioning=False)
    phones = set(users["phone"].drop_nulls().unique())
    for file in sorted(instance.home.rglob("*")):
        kept_in = file.relative_to(instance.home).parts[0]
        if not file.is_file() or kept_in in ("landing", "dispatched", "truth"):
            continue
        text = " ".join(tables_of(file).values()) or file.read_bytes().decode("utf-8", "replace")
        assert "@example.com" not in text, file
        assert not phones & set(re.findall(r"\+?\d{7,}", text)), file


def test_only_their_owner_reads_what_holds_numbers_and_keys(sent: Counter[str], instance: Instance) -> None:
    modes = {name: (instance.home / name).stat().st_mode & 0o777 for name in ("dispatched", "secrets")}
    assert modes == {"dispatched": 0o700, "secrets": 0o700}
    assert (instance.home / "secrets" / "approval.key").stat().st_mode & 0o777 == 0o600


@pytest.fixture(scope="module")
def answered(sent: Counter[str], instance: Instance, workplace: Workplace) -> tuple[str, str]:
    """One user unsubscribed, one objected to everything, both the day after; then the next snapshot was made."""
    delivered = workplace.outbox.messages().filter(pl.col("state") == "delivered")
    leaving, objecting = delivered.row(0, named=True), delivered.row(1, named=True)
    words = [
        (ConsentRecord(leaving["user_id"], leaving["channel"], is_granted=False, changed_at=LATER), "unsubscribe"),
        (ConsentRecord(objecting["user_id"], "all", is_granted=False, changed_at=LATER), "objection"),
    ]
    for word, source in words:
        add_consents(workplace.record, [word], source, LATER)
    write_receipts(workplace)
    instance.succeed("run", "--snapshot", str(NEXT))
    return leaving["user_id"], objecting["user_id"]


def test_what_was_sent_comes_back_as_contacts(
    answered: tuple[str, str], sent: Counter[str], instance: Instance
) -> None:
    rows = instance.query(
        "select channel, is_randomised, propensity, sent_at from marts.fct_contacts where campaign_id like 'rules-%'"
    )
    assert len(rows) == sent["delivered"]
    assert rows["is_randomised"].unique().to_list() == [False]
    acted = instance.query("select distinct propensity from interventions.decision_ledger where arm <> 'none'")
    assert set(rows["propensity"]) <= set(acted["propensity"])
    assert rows["propensity"].max() == pytest.approx(0.64)  # 0.8 are no holdout, 0.8 not explored
    assert rows["sent_at"].unique().to_list() == [NOW]


def test_a_refusal_holds_from_the_next_snapshot_on(answered: tuple[str, str], instance: Instance) -> None:
    leaving, objecting = answered
    words = instance.query(
        "select user_id, status, consent_email, consent_call from features.user_statuses "
        f"where snapshot_date = date '{NEXT}' and user_id in ('{leaving}', '{objecting}')"
    )
    told = {row["user_id"]: row for row in words.iter_rows(named=True)}
    assert False in (told[leaving]["consent_email"], told[leaving]["consent_call"])
    assert told[objecting]["status"] == "objected"
    scored = instance.query(
        f"select churn_probability from scoring.scored_users where user_id = '{objecting}' "
        f"and snapshot_date = date '{NEXT}'"
    )
    assert scored["churn_probability"].to_list() == [None]


def test_who_objects_teaches_nothing_any_more(answered: tuple[str, str], instance: Instance) -> None:
    folder = instance.home / "tables" / "training" / "training_set" / f"snapshot_date={NEXT}"
    users = pl.read_parquet(folder / "*.parquet", hive_partitioning=False)["user_id"]
    assert len(users) > 0
    assert answered[1] not in users.to_list()


def test_what_people_answer_is_taken_from_the_command_line(
    answered: tuple[str, str], instance: Instance, workplace: Workplace
) -> None:
    key = workplace.outbox.messages().filter(pl.col("state") == "delivered")["message_key"][2]
    unsubscribe(instance.home, [key])
    suppress(instance.home, "u-complains", "complaint", "ana", is_objection=True)
    with closing(sqlite3.connect(instance.home / "record.sqlite")) as connection:
        rows = connection.execute(
            "select channel, is_granted, source from consent_words order by sequence desc limit 2"
        )
        assert [row[1:] for row in rows] == [(0, "objection"), (0, "unsubscribe")]
    assert "no message has the key" in instance.churn("unsubscribe", "0" * 32).stderr


def test_who_is_suppressed_is_in_no_plan_and_no_call_list_any_more(
    answered: tuple[str, str], instance: Instance, workplace: Workplace
) -> None:
    planned = workplace.outbox.messages().filter(pl.col("not_before").dt.date() == NEXT)
    called = planned.filter(pl.col("channel") == "call")
    user = str((called if len(called) else planned)["user_id"][0])
    assert "1 planned message cancelled" in instance.succeed("suppress", user, "--reason", "letter")
    key = planned.filter(user_id=user)["message_key"].item()
    shown = instance.query(f"select state from interventions.outbox where message_key = '{key}'")
    assert shown["state"].to_list() == ["cancelled"]
    listed = instance.query(f"select user_id from interventions.call_list where snapshot_date = '{NEXT}'")
    assert user not in listed["user_id"]
    assert len(listed) == max(len(called) - 1, 0)
