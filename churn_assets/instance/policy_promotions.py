"""Which policy made the plans when, who decided so and why: append-only rows of the record store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from churn_assets.instance.promotions import GATE
from churn_assets.instance.record.store import Record

if TYPE_CHECKING:
    from churn_assets.settings.decisions import Decisions

SETTINGS = "decisions.policy"
COLUMNS = "snapshot_date, policy, default_policy, decision, reason, decided_by, decided_at"


@dataclass(frozen=True)
class PolicyRow:
    """From `snapshot` on, `policy` makes the plans, while decisions.policy is `default`."""

    snapshot: date
    policy: str
    default: str
    decision: str
    reason: str
    decided_by: str
    decided_at: datetime

    @property
    def is_by_person(self) -> bool:
        return self.decided_by not in (GATE, SETTINGS)


@dataclass(frozen=True)
class PolicyPromotions:
    record: Record

    def rows(self, default: str) -> list[PolicyRow]:
        """Decisions in the order in which they take effect, since decisions.policy was last something else than
        `default`: who sets another policy ends what was promoted before.
        """
        with self.record.reading() as connection:
            rows = connection.execute(
                f"select {COLUMNS} from policy_promotions order by snapshot_date, sequence"
            ).fetchall()
        known = [
            PolicyRow(date.fromisoformat(day), policy, base, decision, reason, by, datetime.fromisoformat(at))
            for day, policy, base, decision, reason, by, at in rows
        ]
        others = [number for number, row in enumerate(known, start=1) if row.default != default]
        return known[max(others, default=0) :]

    def is_known_otherwise(self, default: str) -> bool:
        """Whether the last decision was made against another default than this one."""
        with self.record.reading() as connection:
            last = connection.execute(
                "select default_policy from policy_promotions order by snapshot_date desc, sequence desc limit 1"
            ).fetchone()
        return last is not None and last[0] != default

    def before(self, snapshot: date, default: str) -> PolicyRow | None:
        """The decision in force before `snapshot`: the newest row of an earlier one, or of a person for this one."""
        rows = [
            row
            for row in self.rows(default)
            if row.snapshot < snapshot or (row.snapshot == snapshot and row.is_by_person)
        ]
        return rows[-1] if rows else None

    def running_before(self, snapshot: date, default: str) -> str:
        """The policy in use when the plan of `snapshot` is about to be made."""
        row = self.before(snapshot, default)
        return row.policy if row else default

    def in_force(self, snapshot: date, settings: Decisions) -> Decisions:
        """The settings with the policy that makes the plan of `snapshot`."""
        rows = [row for row in self.rows(settings.policy) if row.snapshot <= snapshot]
        return settings.model_copy(update={"policy": rows[-1].policy}) if rows else settings

    def add(self, row: PolicyRow) -> None:
        """Append a decision, unless it equals the last one by the same decider for this snapshot (a repeated run)."""
        same = [
            each
            for each in self.rows(row.default)
            if each.snapshot == row.snapshot and each.decided_by == row.decided_by
        ]
        if same and same[-1] == row:
            return
        with self.record.transaction() as connection:
            connection.execute(
                f"insert into policy_promotions ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)",
                (row.snapshot.isoformat(), row.policy, row.default, row.decision, row.reason, row.decided_by,
                 row.decided_at.isoformat()),
            )  # fmt: skip
