"""Nobody is written to whom the strictest reading of what they said forbids, whatever it was written like.

Random histories of yes and no in the formats that shops write. An oracle of its own, which knows what each row was
meant to be, says who may be written to; against it stand the reader of the landing with the rule in Python, the
project's SQL at a snapshot, and the guard of the record store that lets a message go.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from churn_assets.consent.rule import Consent, holds
from churn_assets.consent.words import ALL
from churn_assets.contracts.channels import CHANNEL_NAMES, SENDING_CHANNELS
from churn_assets.delivery.consents import add_consents, landing_consents
from churn_assets.duck import duck
from churn_assets.instance.record.consent import consent_holds
from churn_assets.instance.record.store import Record
from churn_assets.landing.contents import LandedTable
from churn_assets.landing.inspect import inspect
from churn_assets.landing.raw_views import show_raw
from churn_assets.settings import Landing
from churn_assets.warehouse.plan import BuildPlan, Dates, statements

D = datetime(2026, 10, 19)  # a Monday
NOW = D + timedelta(hours=9)
USERS, SEEDS = 400, 4
CHANNEL_WORDS = {
    **{
        channel: [*names, f"{names[0].title()} ", names[1].replace(" ", "-")]
        for channel, names in CHANNEL_NAMES.items()
    },
    "email": ["email", "Email", "e-mail", " E_MAIL", "邮件"],
    ALL: ["all", "ALL", "*", "All Channels"],
    "other": ["WhatsApp", "post"],
    "unknown": ["mail", "", "semaphore", "email;sms"],
}
PURPOSE_WORDS = {
    "marketing": ["direct_marketing", "Direct Marketing", "marketing", "promotions"],
    "other": ["profiling", "Terms"], "unknown": ["fun", "", "newsletter"],
}  # fmt: skip
YES, NO = ["true", "1", "Yes", "opt-in", "GRANTED"], ["false", "0", "no", "off", "withdrawn", "", "unsubscribed", "??"]
DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
NEVER = datetime(9999, 12, 31)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Said:
    """One row and what it was meant to be. `earliest` and `latest`: the moments that its time may mean."""

    user: str
    channel: str
    purpose: str
    is_yes: bool
    earliest: datetime | None
    latest: datetime | None
    known_at: datetime | None
    line: str


def written(chance: random.Random, moment: datetime) -> tuple[str, datetime | None, datetime | None]:
    """A moment in one of the ways of writing it, and the first and last moment that this may mean."""
    second = moment.replace(microsecond=0)
    minute = second.replace(second=0)
    day = minute.replace(hour=0, minute=0)
    # What is written to the second may have been a day or a minute once: midnight, and a full minute.
    width = DAY if second == day else MINUTE if second == minute else SECOND
    exact = moment.replace(microsecond=moment.microsecond or 1)
    local = exact + timedelta(hours=8)
    return chance.choice(
        [
            (f"{day:%Y-%m-%d}", day, day + DAY - TICK),
            (f"{day:%Y/%m/%d}", day, day + DAY - TICK),
            (f"{minute:%Y-%m-%d %H:%M}", minute, minute + MINUTE - TICK),
            (f"{second:%Y-%m-%dT%H:%M:%S}Z", second, second + width - TICK),
            (f"{exact:%Y-%m-%d %H:%M:%S.%f}", exact, exact),
            (f"{local:%Y-%m-%d %H:%M:%S.%f}+08:00", exact, exact),
            (f"{local:%Y-%m-%d %H:%M:%S.%f} +0800", exact, exact),
            (chance.choice(["", "soon", "26-10-01", "0001-01-01", "9999-12-31"]), None, None),
        ]
    )


def history(chance: random.Random, user: str) -> Iterator[Said]:
    for _ in range(chance.randint(1, 5)):
        channel = chance.choice([*CHANNEL_WORDS, "email", "email", ALL])
        purpose = chance.choice(["marketing", "marketing", "marketing", "other", "unknown"])
        is_yes = chance.random() < 0.6
        # Few days, so that moments meet; some lie hours ahead of D and of now.
        moment = D - timedelta(days=3) + chance.randint(0, 8) * timedelta(hours=12, minutes=30)
        text, earliest, latest = written(chance, moment)
        known = moment + chance.choice([timedelta(0), timedelta(hours=1), timedelta(hours=30), -timedelta(hours=8)])
        ingested = None if chance.random() < 0.4 else known
        words = (
            user,
            chance.choice(CHANNEL_WORDS[channel]),
            chance.choice(PURPOSE_WORDS[purpose]),
            chance.choice(YES if is_yes else NO),
            text,
            f"{ingested:%Y-%m-%d %H:%M:%S.%f}" if ingested else "",
        )
        if ingested and ingested > NOW + DAY:  # no time to become known at: a yes is none then, and a no was known
            ingested, purpose = None, "none" if is_yes else purpose
        yield Said(user, channel, purpose, is_yes, earliest, latest, ingested, ",".join(words))


def may_be_written_to(said: Sequence[Said], channel: str, moment: datetime, *, sees_all: bool) -> bool:
    """The strictest reading. `sees_all`: a no counts though it says that it became known later (whoever reads the file
    knows it); at a snapshot it counts once it was known.
    """

    def known(row: Said) -> datetime:
        return row.known_at or (row.latest and row.earliest) or datetime(1900, 1, 1)

    yes = [
        (min(row.earliest, known(row)), row.channel)
        for row in said
        if row.is_yes and row.purpose == "marketing" and row.channel in (channel, ALL) and row.earliest
        and row.earliest < moment and known(row) < moment
    ]  # fmt: skip
    for at, scope in yes:
        if not any(
            (row.latest is None and (row.known_at is None or row.known_at >= at)) or (row.latest and row.latest >= at)
            for row in said
            if not row.is_yes
            and row.purpose != "other"
            and row.channel in (channel, "unknown")
            and (sees_all or known(row) < moment)
        ) and not any(
            scope != ALL or (row.latest or row.known_at or NEVER) >= at
            for row in said
            if not row.is_yes and row.purpose != "other" and row.channel == ALL and (sees_all or known(row) < moment)
        ):
            return True
    return False


@pytest.fixture(scope="module", params=range(SEEDS))
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Said], Path]:
    """Histories of many users, and the landing that holds them."""
    chance = random.Random(request.param)  # noqa: S311 - a test's dice
    said = [row for number in range(USERS) for row in history(chance, f"u{number}")]
    chance.shuffle(said)
    folder = tmp_path_factory.mktemp("landing")
    for table in ("orders", "consents"):
        (folder / table).mkdir()
    orders = "".join(f"o{number},u{number},2026-10-01 10:00:00,10\n" for number in range(USERS))
    (folder / "orders" / "a.csv").write_text(f"order_id,user_id,ordered_at,amount\n{orders}")
    header = "user_id,channel,purpose,is_granted,changed_at,ingested_at\n"
    (folder / "consents" / "a.csv").write_text(header + "".join(f"{row.line}\n" for row in said))
    return said, folder


def landed(folder: Path) -> dict[str, LandedTable]:
    return inspect(str(folder), None, Landing(), now=NOW)


def by_user(said: Sequence[Said]) -> dict[str, list[Said]]:
    found: dict[str, list[Said]] = {f"u{number}": [] for number in range(USERS)}
    for row in said:
        found[row.user].append(row)
    return found


def at_snapshot(
    connection: duckdb.DuckDBPyConnection, plan: BuildPlan, folder: Path
) -> dict[tuple[str, str], bool | None]:
    show_raw(connection, landed(folder))
    above = plan.ancestors("features.user_statuses")
    models = [model for model in plan.models if model.relation in above]
    for statement in statements(models, Dates(datetime(2026, 1, 5).date(), [D.date()])):
        connection.execute(statement)
    columns = ", ".join(f"consent_{channel}" for channel in SENDING_CHANNELS)
    rows = connection.execute(f"select user_id, {columns} from features.user_statuses").fetchall()
    return {
        (user, channel): value
        for user, *values in rows
        for channel, value in zip(SENDING_CHANNELS, values, strict=True)
    }


def by_rule(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], bool | None]:
    said: dict[str, list[Consent]] = {f"u{number}": [] for number in range(USERS)}
    for channel in (*SENDING_CHANNELS, ALL):
        rows = connection.execute(
            f"select user_id, {channel}_consent, counts_at, known_at, changed_at from staging.stg_consents "
            f"where {channel}_consent is not null and (channel_meant {'=' if channel == ALL else '<>'} 'all')"
        ).fetchall()
        for user, *values in rows:
            said[user].append(Consent(channel, *values))
    return {(user, channel): holds(rows, channel, D) for user, rows in said.items() for channel in SENDING_CHANNELS}


def test_at_a_snapshot_consent_is_what_the_strictest_reading_allows(
    told: tuple[list[Said], Path], plan: BuildPlan
) -> None:
    said, folder = told
    with duck() as connection:
        found, ruled = at_snapshot(connection, plan, folder), by_rule(connection)
    assert {key: (found[key], ruled[key]) for key in found if found[key] != ruled[key]} == {}, "SQL and Python"
    rows = by_user(said)
    wanted = {(user, c): may_be_written_to(rows[user], c, D, sees_all=False) for user in rows for c in SENDING_CHANNELS}
    wrong = {
        (*key, found[key]): [row.line for row in rows[key[0]]] for key in wanted if bool(found[key]) != wanted[key]
    }
    assert dict(list(wrong.items())[:3]) == {}
    assert 100 < sum(wanted.values()) < len(wanted) - 100, "both happen, or this shows nothing"


def test_no_message_leaves_that_the_strictest_reading_forbids(told: tuple[list[Said], Path], tmp_path: Path) -> None:
    said, folder = told
    rows, record = by_user(said), Record(tmp_path / "record.sqlite")
    add_consents(record, landing_consents(landed(folder)["consents"], list(rows), NOW), "landing", NOW)
    with record.transaction() as connection:
        found = {
            (user, channel): bool(
                connection.execute(f"select {consent_holds('?', '?')}", (user, channel)).fetchone()[0]
            )
            for user in rows
            for channel in SENDING_CHANNELS
        }
    wanted = {
        (user, c): may_be_written_to(rows[user], c, NOW, sees_all=True) for user in rows for c in SENDING_CHANNELS
    }
    wrong = {(*key, found[key]): [row.line for row in rows[key[0]]] for key in wanted if found[key] != wanted[key]}
    assert dict(list(wrong.items())[:3]) == {}
    assert sum(wanted.values()) > 100
