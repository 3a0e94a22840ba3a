"""What each route answers, read from published tables and the record: blocking functions, called in a thread."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

import polars as pl

from churn_assets.api.hidden import Hidden
from churn_assets.api.lookup import HEX, Row
from churn_assets.api.problems import NOT_SHOWN, Refused
from churn_assets.api.published import Listed, Published, etag_of, listed, newest, parts_of_user
from churn_assets.api.shapes import Decision, Reason, Score, ScoredUser
from churn_assets.instance.outbox import content_sha256
from churn_assets.landing.ids import RoundedId, canonical_id
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

NO_SNAPSHOT = "No such snapshot can be read."
NO_PLAN = "No such plan can be read: nothing was decided, or it is withheld."
NO_EFFECTS = "Nothing has been measured that can be read."
OBJECTED = "objected"  # status of a row that says nothing but that
DAY_DIGITS = 8


@dataclass(frozen=True)
class Answer:
    """`read`: act, subject and detail for the audit; None where it is nobody's data."""

    content: bytes
    etag: str
    read: tuple[str, str, str] | None = None


class Answers:
    """Of one home."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self.published = Published(workplace)
        self.hidden = Hidden(workplace, self.published)

    def user(self, connection: sqlite3.Connection, named: str, day: date | None, now: datetime) -> Answer:
        """A user, as the row of scored_users has them. Raises Refused, in the same words whoever is not shown."""
        try:
            user = canonical_id(named)
        except RoundedId:
            user = None
        part = _needed(newest(connection, Stage.SCORING, "scored_users", day))
        rows = self.published.lookup(part).rows(user) if user else []
        if not user or not self._shown(connection, part, rows, now):
            raise Refused(HTTPStatus.NOT_FOUND, NOT_SHOWN)
        parts = parts_of_user(connection, part.snapshot)
        _, reasons, decisions = (self.published.lookup(each).rows(user) if each else [] for each in parts)
        content = {
            "user_id": user,
            "snapshot_date": part.snapshot,
            "score": _of(Score, rows[0]),
            "reasons": [_of(Reason, row) for row in reasons],
            "decision": _of(Decision, decisions[0]) if decisions else None,
        }
        return Answer(_json(content), etag_of(parts), ("person read", user, f"snapshot {part.snapshot}"))

    def users(self, connection: sqlite3.Connection, day: date, cursor: str | None, limit: int, now: datetime) -> Answer:
        """A page of users who are shown. Raises Refused."""
        part = _needed(newest(connection, Stage.SCORING, "scored_users", day))
        lookup = self.published.lookup(part)
        shown: list[Row] = []
        first = position = int(cursor, 16) if cursor else None
        while len(shown) < limit:
            rows, position = lookup.after(position, limit - len(shown))
            shown += self._shown(connection, part, rows, now)
            if position is None:
                break
        following = None if position is None else f"{position:0{HEX}x}"
        content = _json({"snapshot_date": day, "users": [_of(ScoredUser, row) for row in shown], "next": following})
        reach = (
            f"positions after {f'{first:0{HEX}x}' if first is not None else 'the start'} to {following or 'the end'}"
        )
        # Who is not shown changes without a new manifest row, so the ETag is by the content too.
        read = ("persons read", f"{len(shown)} users", f"snapshot {day}, {reach}")
        return Answer(content, etag_of([part], content), read)

    def snapshots(self, connection: sqlite3.Connection, cursor: str | None, limit: int) -> Answer:
        """Snapshots with scores, the newest first."""
        parts = listed(connection, Stage.SCORING, "scored_users", None, -1)
        older = [each for each in parts if cursor is None or each.snapshot.toordinal() < int(cursor, 16)]
        page = older[:limit]
        rows = [
            {
                "snapshot_date": each.snapshot, "users": each.rows, "sha256": each.sha256,
                "published_at": datetime.fromisoformat(each.published_at),
            }
            for each in page
        ]  # fmt: skip
        following = f"{page[-1].snapshot.toordinal():0{DAY_DIGITS}x}" if len(older) > limit else None
        content = _json({"snapshots": rows, "next": following})
        return Answer(content, etag_of(page, content))

    def plan(self, connection: sqlite3.Connection, day: date | None) -> Answer:
        """The plan of a snapshot as published, summed up. Raises Refused."""
        outbox = newest(connection, Stage.INTERVENTIONS, "outbox", day)
        ledger = newest(connection, Stage.INTERVENTIONS, "decision_ledger", outbox.snapshot) if outbox else None
        if outbox is None or ledger is None:
            raise Refused(HTTPStatus.NOT_FOUND, NO_PLAN)
        content = self.published.once(("plan", outbox.sha256, ledger.sha256), lambda: self._plan(outbox, ledger))
        return Answer(content, etag_of([outbox, ledger]))

    def effects(self, connection: sqlite3.Connection, day: date | None) -> Answer:
        """Effects as measured at a snapshot. Raises Refused."""
        arms = newest(connection, Stage.EFFECTS, "arm_effects", day)
        program = newest(connection, Stage.EFFECTS, "program_effects", arms.snapshot) if arms else None
        if arms is None or program is None:
            raise Refused(HTTPStatus.NOT_FOUND, NO_EFFECTS)
        content = self.published.once(("effects", arms.sha256, program.sha256), lambda: self._effects(arms, program))
        return Answer(content, etag_of([arms, program]))

    def _shown(self, connection: sqlite3.Connection, part: Listed, rows: list[Row], now: datetime) -> list[Row]:
        """The rows of users who are shown: at present, at the newest snapshot, and at this one."""
        asked = [row["user_id"] for row in rows if row["status"] != OBJECTED]
        hidden = self.hidden.among(connection, asked, now)
        last = newest(connection, Stage.SCORING, "scored_users")
        if last and last.snapshot != part.snapshot:
            at_last = self.published.lookup(last)
            hidden |= {user for user in asked if any(row["status"] == OBJECTED for row in at_last.rows(user))}
        return [row for row in rows if row["status"] != OBJECTED and row["user_id"] not in hidden]

    def _plan(self, outbox: Listed, ledger: Listed) -> bytes:
        messages = self._read(outbox)
        columns = ("decision_id", "arm", "level", "expected_cost_amount", "policy_version")
        decided = self._read(ledger).select(columns)
        joined = messages.join(decided, on="decision_id")
        cost = pl.col("expected_cost_amount").sum()
        keys = ("channel", "arm", "level", "state")
        lines = joined.group_by(keys, maintain_order=True).agg(messages=pl.len(), expected_cost_amount=cost)
        content = {
            "snapshot_date": outbox.snapshot,
            "policy_version": decided.item(0, "policy_version") if decided.height else "",
            "plan_sha256": content_sha256(messages),
            "messages": messages.height,
            "expected_cost_amount": round(joined.filter(pl.col("state") != "cancelled").select(cost).item(), 4),
            "lines": lines.sort(keys).rows(named=True),
        }
        return _json(content)

    def _effects(self, arms: Listed, program: Listed) -> bytes:
        rows = [self._read(part).drop("snapshot_date").rows(named=True) for part in (arms, program)]
        return _json({"snapshot_date": arms.snapshot, "arms": rows[0], "program": rows[1]})

    def _read(self, part: Listed) -> pl.DataFrame:
        return self._workplace.tables.read(part.stage, part.table, part.snapshot)


def _needed(part: Listed | None) -> Listed:
    if part is None:
        raise Refused(HTTPStatus.NOT_FOUND, NO_SNAPSHOT)
    return part


def _of(model: Any, row: Row) -> Row:
    """The columns of a model, in its order."""
    return {name: row[name] for name in model.model_fields}


def _json(content: Any) -> bytes:
    """Floats as Python writes them, which every reader turns into the same bits."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, default=_time, separators=(",", ":")).encode()


def _time(value: date) -> str:
    """Times are UTC."""
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else value.isoformat()
