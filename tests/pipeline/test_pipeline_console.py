"""From a plan to people through the console: read, approve by two persons, dispatch, unsubscribe, see it counted."""

from __future__ import annotations

import csv
import io
import re
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml

from churn_assets.command.person import with_considered
from churn_assets.console import waiting
from churn_assets.console.accounts import Account, add_account
from churn_assets.console.acts import PlanState
from churn_assets.console.audit import newest
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.delivery.dispatch import utc_now
from churn_assets.delivery.plan import Plan
from churn_assets.delivery.sending import send
from churn_assets.report.person import messages_to_user
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace
from tests.unit.console.conftest import CSRF, PASSWORD, Browser, Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.conftest import Base

DAY, NOW = date(2026, 11, 16), datetime(2026, 11, 17, 9)
SHA256 = re.compile(r'name="sha256" value="([0-9a-f]{64})"')


@pytest.fixture(scope="module")
def console(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The newest plan, whose cost needs two persons, with a call centre that takes files."""
    made = base.final.copy(tmp_path_factory.mktemp("console") / "home")
    file = made.home / "churn.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"console": {"two_person_amount": 1.0}}))
    workplace = Workplace(home_path=str(made.home))
    for name, role in (("vera", "viewer"), ("anton", "approver"), ("arthur", "approver"), ("ada", "admin")):
        add_account(workplace.record, name, role, PASSWORD, "root", utc_now())
    with served(workplace, with_considered) as running:
        running.clock.now = NOW
        yield running


def decide(browser: Browser, act: str) -> tuple[int, str]:
    page = browser.get("/plan").text
    sha256 = SHA256.findall(page)[0]
    answer = browser.post(f"/plan/{act}", {"csrf": CSRF.findall(page)[-1], "snapshot": str(DAY), "sha256": sha256})
    return answer.status_code, answer.text


def test_a_viewer_reads_the_report_and_is_offered_no_decision(console: Served) -> None:
    vera = console.browser("vera")
    assert f"/report/{DAY}" in vera.get("/").text
    report = vera.get(f"/report/{DAY}").text
    assert "users are slipping away" in report
    (link,) = set(re.findall(r'href="(checks_[^"]*)"', report))
    assert "scored_users.html" in vera.get(f"/report/{link}").text
    assert "8 of 8 expectations hold" in vera.get(f"/report/checks_{DAY}/scored_users.html").text
    assert "Approve" not in vera.get("/plan").text
    assert vera.get("/report/2026-01-05").status_code in (404, 409)
    assert vera.get("/report/../../churn.yaml").status_code == 404


def test_two_persons_approve_and_a_changed_plan_is_a_new_page(console: Served) -> None:
    anton, arthur = console.browser("anton"), console.browser("arthur")
    page = anton.get("/plan").text
    stale = {"csrf": CSRF.findall(page)[-1], "snapshot": str(DAY), "sha256": "0" * 64}
    answer = anton.post("/plan/approve", stale)
    assert (answer.status_code, "has changed since this page was made" in answer.text) == (409, True)
    status, said = decide(anton, "approve")
    assert (status, "needs a second person" in said) == (200, True)
    workplace = console.workplace
    assert set(Plan.at(workplace, DAY).messages["state"]) == {"planned"}
    assert "Approve in the name of anton" not in anton.get("/plan").text, "once is what one person has"
    status, said = decide(arthur, "approve")
    assert (status, "messages may go" in said) == (200, True)
    approval = workplace.outbox.approval(DAY)
    assert approval is not None
    assert approval.approved_by == "anton and arthur"
    assert [row[1:3] for row in newest(workplace.record, 2)] == [("arthur", "approve"), ("anton", "approve")]


def test_an_approval_that_was_killed_half_way_can_be_finished(console: Served) -> None:
    """Enough had agreed, and the process died before the plan was signed."""
    workplace = console.workplace
    plan = Plan.at(workplace, DAY)
    ready = PlanState(plan, is_approved=False, assents=("anton", "arthur"), needed=2, why_not=None)
    assert ready.may_assent(Account("anton", "approver"))
    assert not replace(ready, assents=("anton",)).may_assent(Account("anton", "approver"))
    assert replace(ready, assents=("anton",)).may_assent(Account("arthur", "approver"))


def test_nobody_waits_for_a_run_that_holds_the_warehouse(console: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.2)
    workplace, anton = console.workplace, console.browser("anton")
    key = Plan.at(workplace, DAY).messages["message_key"][-1]
    user = Plan.at(workplace, DAY).messages["user_id"][0]
    with workplace.warehouse.exclusive():
        assert anton.get(f"/person?user={user}").status_code == 503
        status, said = decide(anton, "decline")
        assert (status, "A run is at work" in said) == (409, True)
        started = time.monotonic()
        answer = Browser(console.address).post(f"/unsubscribe?key={key}", {}, Origin="https://mail.example")
        assert answer.status_code == 200
        assert time.monotonic() - started < 5, "a mail program does not wait for a run"
        states = workplace.outbox.messages().filter(pl.col("message_key") == key)["state"]
        assert states.to_list() == ["cancelled"], "and it counts at once"
    for _ in range(100):
        published = workplace.tables.read(Stage.INTERVENTIONS, "outbox", DAY)
        if published.filter(pl.col("message_key") == key)["state"].item() == "cancelled":
            break
        time.sleep(0.1)
    else:
        pytest.fail("the published plan never learned of it")


def test_what_was_approved_is_sent_and_one_click_ends_it(console: Served) -> None:
    workplace = console.workplace
    counts = send(workplace, DAY, clock=lambda: NOW)
    assert sum(counts.values()) > 0
    messages = Plan.at(workplace, DAY).messages.filter(pl.col("state").is_in(["delivered", "approved"]))
    key, user, channel = messages.select("message_key", "user_id", "channel").row(0)
    mail_program = Browser(console.address)
    assert mail_program.get(f"/unsubscribe?key={key}").status_code == 200
    with workplace.record.reading() as connection:
        sql = "select count(*) from consent_words where source = 'unsubscribe' and user_id = ?"
        assert connection.execute(sql, (user,)).fetchone() == (0,)
    answer = mail_program.post(
        f"/unsubscribe?key={key}", {"List-Unsubscribe": "One-Click"}, Origin="https://mail.example"
    )
    assert (answer.status_code, "You will get no more such messages" in answer.text) == (200, True)
    with workplace.record.reading() as connection:
        words = connection.execute(
            "select user_id, channel, is_granted from consent_words where source = 'unsubscribe'"
        ).fetchall()
    assert (user, channel, 0) in words
    later = workplace.outbox.messages().filter(pl.col("user_id") == user, pl.col("channel") == channel)
    assert set(later["state"]) <= {"delivered", "cancelled"}
    page = console.browser("anton").get(f"/person?user={user}").text
    assert "unsubscribe" in page


def test_what_came_of_a_call_comes_back_as_a_contact_and_a_no_counts_at_once(console: Served) -> None:
    workplace, anton = console.workplace, console.browser("anton")
    calls = Plan.at(workplace, DAY).messages.filter(pl.col("channel") == "call", pl.col("state") == "delivered")
    key, user = calls.select("message_key", "user_id").row(0)
    console.clock.now = called_at = NOW + timedelta(hours=2)

    def note_it(outcome: str) -> int:
        page = anton.get(f"/calls/{key}")
        return anton.post(f"/calls/{key}", {"csrf": anton.csrf_of(page), "outcome": outcome}).status_code

    assert note_it("") == 409
    assert note_it("interested") == 303
    assert "Reached, wants to hear more or will order" in anton.get("/calls").text
    row = the_contact(workplace, key)
    assert (row["user_id"], row["opened_at"], row["clicked_at"]) == (user, called_at, called_at)
    assert anton.get("/calls/" + "0" * 32).status_code == 404
    assert console.browser("vera").get(f"/calls/{key}").status_code == 403
    assert note_it("no_more") == 303
    assert newest(workplace.record, 1)[0][1:5] == ("anton", "call noted", key, "no_more")
    with workplace.record.reading() as connection:
        sql = "select channel, is_granted from consent_words where user_id = ? and source = 'unsubscribe'"
        said = connection.execute(sql, (user,)).fetchall()
    assert ("call", 0) in said


def the_contact(workplace: Workplace, key: str) -> dict[str, Any]:
    """Its newest version, once it says that it was followed: raw files are written in the background."""
    for _ in range(300):
        contacts = pl.read_parquet(workplace.home.received / "contacts" / "contacts.parquet")
        row = contacts.filter(pl.col("contact_id") == key).tail(1).row(0, named=True)
        if row["clicked_at"]:
            return row
        time.sleep(0.1)
    pytest.fail("the raw contacts never learned of it")


def test_lists_hold_who_they_are_for_and_are_noted(console: Served) -> None:
    anton, workplace = console.browser("anton"), console.workplace
    plan = Plan.at(workplace, DAY).messages.filter(pl.col("state") != "cancelled")
    ledger = workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", DAY)
    expected = {
        "plan": plan["user_id"].to_list(),
        "left-out": ledger.filter(pl.col("arm") == "none")["user_id"].to_list(),
        "calls": plan.filter(pl.col("channel") == "call")["user_id"].to_list(),
    }
    for name, users in expected.items():
        answer = anton.get(f"/lists/{name}.csv")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert sorted(row["user_id"] for row in rows) == sorted(users), name
        assert "@example.com" not in answer.text
        assert f'filename="{name}-{DAY}.csv"' in answer.headers["content-disposition"]
        noted = newest(workplace.record, 1)[0]
        assert noted[1:5] == ("anton", "list taken", f"{name} of {DAY}", f"csv, {len(users)} rows")
        assert anton.get(f"/lists/{name}.xlsx").content.startswith(b"PK")
    assert all(expected.values()), "each list has somebody"


def test_effects_are_shown_with_their_intervals(console: Served) -> None:
    page = console.browser("vera").get("/effects").text
    assert "Margin after coupons and sending" in page
    assert re.search(r"[0-9.]+ \[[^]]+, [^]]+\]", page)


def test_a_person_is_explained_and_each_reading_is_noted(console: Served) -> None:
    user = Plan.at(console.workplace, DAY).messages["user_id"][0]
    page = console.browser("anton").get(f"/person?user={user}").text
    for part in ("Scores and decisions", "Considered, by the settings of now", "Consents", user):
        assert part in page
    assert "@example.com" not in page
    assert newest(console.workplace.record, 1)[0][1:4] == ("anton", "person read", user)
    assert "person read" in console.browser("ada").get("/acts").text
    assert console.browser("anton").get("/person?user=nobody").status_code == 404


def test_who_objects_is_not_shown_any_more_from_that_moment(console: Served) -> None:
    """Long before the next snapshot; what the law asks for is still handed over whole."""
    workplace, anton = console.workplace, console.browser("anton")
    with workplace.record.reading() as connection:
        refusing = {user for (user,) in connection.execute("select user_id from consent_words where not is_granted")}
    user = next(user for user in Plan.at(workplace, DAY).messages["user_id"] if user not in refusing)
    assert "Scores and decisions" in anton.get(f"/person?user={user}").text
    now = NOW + timedelta(minutes=1)
    add_consents(workplace.record, [ConsentRecord(user, "all", is_granted=False, changed_at=NOW)], "objection", NOW)
    console.clock.now = now
    page = anton.get(f"/person?user={user}").text
    assert "Has objected to direct marketing" in page
    assert "objection" in page
    assert "Scores and decisions" not in page
    assert len(messages_to_user(workplace, user)) > 0


def test_a_plan_that_is_declined_is_not_sent(console: Served) -> None:
    status, said = decide(console.browser("arthur"), "decline")
    assert (status, "were cancelled and will not be sent" in said) == (200, True)
    assert not {"planned", "approved"} & set(Plan.at(console.workplace, DAY).messages["state"])
