"""`churn why` and `churn export-user`: one user, for whoever answers them, and for the person who asks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from rich.table import Table

from churn_assets.catalogue.arms import treatment_of
from churn_assets.contracts.scored_users import IS_ELIGIBLE
from churn_assets.decisions.considered import considered_for
from churn_assets.defs.interventions.hindered import COLUMNS, hindered_users
from churn_assets.defs.interventions.sources import codes_left
from churn_assets.delivery.dispatch import utc_now
from churn_assets.delivery.personal import addresses_of, raw_rows_of
from churn_assets.instance.files import write_whole
from churn_assets.instance.policy_promotions import PolicyPromotions
from churn_assets.instance.terminal import PlainConsole, wide_console
from churn_assets.report import names
from churn_assets.report.language import Words
from churn_assets.report.names import named
from churn_assets.report.person import Person, messages_to_user, person_of
from churn_assets.report.words_of_person import bought_after, decision_in_words, obstacle_in_words
from churn_assets.stages import Stage
from churn_assets.warehouse.person_reads import rows_of
from churn_assets.workplace import Workplace


def with_considered(workplace: Workplace, person: Person) -> Person:
    """With every option at the newest snapshot, if the user is scored there."""
    if person.snapshot is None or person.status != "eligible":
        return person
    scored = workplace.tables.scan(Stage.SCORING, "scored_users", person.snapshot)
    row = scored.filter(pl.col("user_id") == person.user, IS_ELIGIBLE).select(COLUMNS).collect()
    candidate = hindered_users(workplace, person.snapshot, row)
    effects = workplace.tables.find(Stage.EFFECTS, "user_effects", person.snapshot)
    measured = None
    if effects:
        all_users = workplace.tables.scan(Stage.EFFECTS, "user_effects", person.snapshot)
        measured = all_users.filter(pl.col("user_id") == person.user).collect()
    settings = PolicyPromotions(workplace.record).in_force(person.snapshot, workplace.settings.decisions)
    considered = considered_for(candidate, settings, person.snapshot, codes_left(workplace, person.snapshot), measured)
    return replace(person, considered=considered)


def why(root: Path, user: str) -> None:
    """Print what is known of a user and why it was decided so."""
    workplace = Workplace(home_path=str(root))
    person = with_considered(workplace, person_of(workplace, user, utc_now()))
    _print(person, Words("en", workplace.settings.report.currency, workplace.home.mapping.domain), wide_console())


def export_user(root: Path, user: str) -> None:
    """Write everything about a user as JSON, for the person who asks under the law."""
    workplace = Workplace(home_path=str(root))
    person = person_of(workplace, user, utc_now())
    content: dict[str, Any] = {
        "user_id": person.user,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": person.status,
    }
    if not person.is_erased:
        content |= {
            "addresses": addresses_of(workplace, person.user),
            "consents": person.consents,
            "suppression": person.suppression,
            "messages": messages_to_user(workplace, person.user),
            "raw": raw_rows_of(workplace, person.user),
            "tables": {name: frame.rows(named=True) for name, frame in rows_of(workplace, person.user).items()},
        }
    text = json.dumps(content, default=str, ensure_ascii=False, indent=2) + "\n"
    file = workplace.home.reports / f"user_{_as_name(person.user)}.json"
    write_whole(file, lambda path: path.write_text(text, encoding="utf-8"))
    rows = sum(len(each) for each in content.get("tables", {}).values())
    console = wide_console()
    console.print(str(file), markup=False, soft_wrap=True)
    console.print(
        f"{rows:,} rows of {len(content.get('tables', {}))} tables. Personal data: hand it over, then delete it."
    )


def _as_name(user: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in user)


def _print(person: Person, t: Words, console: PlainConsole) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    if person.is_erased:
        say(f"{person.user} was erased: nothing else is held.")
        return
    if person.status == "objected":
        say(f"{person.user} has objected to direct marketing: no score, no reason, no message.")
        _print_consents(person, t, console)
        return
    since = f", known since {t.day(person.since)}" if person.since else ""
    say(f"{person.user}{since}: {named(t, names.STATUSES, person.status)} at {person.snapshot}.")
    _print_weeks(person, t, console)
    for english, _ in person.reasons:
        say(f"  {english}")
    _print_considered(person, t, console)
    _print_messages(person, console)
    _print_consents(person, t, console)


def _print_weeks(person: Person, t: Words, console: PlainConsole) -> None:
    table = _table("Scores and decisions", "snapshot", "status", "churn probability", "tier", "at stake", "decision")
    for week in person.weeks:
        table.add_row(
            str(week.snapshot), named(t, names.STATUSES, week.status), t.percent(week.churn_probability),
            named(t, names.TIERS, week.risk_tier), t.money(week.value_at_risk_amount), decision_in_words(week, t),
        )  # fmt: skip
    console.print(table)


def _print_considered(person: Person, t: Words, console: PlainConsole) -> None:
    if not person.considered:
        return
    table = _table("Considered, by the settings of now", "arm", "channel", "expected gain", "cost", "what hinders it")
    for each in person.considered:
        table.add_row(
            each.treatment,
            each.channel,
            t.small_money(each.gain),
            t.small_money(each.cost),
            obstacle_in_words(each.obstacle, t),
        )
    console.print(table)


def _print_messages(person: Person, console: PlainConsole) -> None:
    if person.messages:
        table = _table("Messages", "plan of", "arm", "channel", "state", "sent", "opened", "clicked", "bought after")
        contacts = {row["contact_id"]: row for row in person.contacts}
        for message in person.messages:
            contact = contacts.get(message["message_key"], {})
            table.add_row(
                message["snapshot"], treatment_of(message["arm"], message["level"]), message["channel"],
                message["state"], _short(message["sent_at"]), _short(contact.get("opened_at")),
                _short(contact.get("clicked_at")), bought_after(person, message["sent_at"]),
            )  # fmt: skip
        console.print(table)


def _print_consents(person: Person, t: Words, console: PlainConsole) -> None:
    if person.suppression:
        since, reason, by = (person.suppression[name] for name in ("since", "reason", "by"))
        console.print(f"Never written to since {since}: {reason} ({by}).", markup=False, soft_wrap=True)
    if not person.consents:
        console.print("No consent is on record.")
        return
    table = _table("Consents", "changed", "channel", "answer", "from")
    for row in person.consents:
        answer = "yes" if row["is_granted"] else "no"
        table.add_row(
            f"{row['changed_at']:%Y-%m-%d %H:%M}", named(t, names.CHANNELS, row["channel"]), answer, row["source"]
        )
    console.print(table)


def _short(moment: str | datetime | date | None) -> str:
    return "" if moment is None else str(moment)[:16].replace("T", " ")


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in ("churn probability", "at stake", "expected gain", "cost") else "left",
        )
    return table
