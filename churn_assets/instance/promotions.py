"""Which model was champion when, who decided so and why: append-only rows of the record store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from churn_assets.failures import Failure
from churn_assets.instance.record.store import Record

GATE = "gate"
COLUMNS = "snapshot_date, champion_snapshot_date, model_version, definition, decision, reason, decided_by, decided_at"


class NoSuchModel(Failure, LookupError, code="promotion"):
    """The model requested as champion was never made, or never was champion."""


@dataclass(frozen=True)
class PromotionRow:
    """From `snapshot` on, the model trained at `champion_snapshot` scores. So do decisions of people."""

    snapshot: date
    champion_snapshot: date
    model_version: str
    definition: str
    decision: str
    reason: str
    decided_by: str
    decided_at: datetime

    @property
    def is_by_person(self) -> bool:
        return self.decided_by != GATE


@dataclass(frozen=True)
class Promotions:
    record: Record

    def rows(self) -> list[PromotionRow]:
        """All decisions, oldest snapshot first, within a snapshot in the order in which they were made."""
        with self.record.reading() as connection:
            rows = connection.execute(
                f"select {COLUMNS} from model_promotions order by snapshot_date, sequence"
            ).fetchall()
        return [
            PromotionRow(
                date.fromisoformat(snapshot),
                date.fromisoformat(champion),
                version,
                definition,
                decision,
                reason,
                by,
                datetime.fromisoformat(decided_at),
            )
            for snapshot, champion, version, definition, decision, reason, by, decided_at in rows
        ]

    def before(self, snapshot: date) -> PromotionRow | None:
        """The decision in force before `snapshot`: the newest row of an earlier one, or of a person for this one."""
        return next(
            (row for row in reversed(self.rows())
             if row.snapshot < snapshot or (row.snapshot == snapshot and row.is_by_person)),
            None,
        )  # fmt: skip

    def add(self, row: PromotionRow) -> None:
        """Append a decision, unless it equals the last one by the same decider for this snapshot (a repeated run)."""
        previous = [
            earlier
            for earlier in self.rows()
            if earlier.snapshot == row.snapshot and earlier.decided_by == row.decided_by
        ]
        if previous and previous[-1] == row:
            return
        with self.record.transaction() as connection:
            connection.execute(
                f"insert into model_promotions ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (row.snapshot.isoformat(), row.champion_snapshot.isoformat(), row.model_version, row.definition,
                 row.decision, row.reason, row.decided_by, row.decided_at.isoformat()),
            )  # fmt: skip

    def predecessor(self) -> PromotionRow:
        """The last row of the previous champion. Raises NoSuchModel where there was none."""
        rows = self.rows()
        earlier = [row for row in rows if row.champion_snapshot < rows[-1].champion_snapshot]
        if not earlier:
            raise NoSuchModel("There was no champion before the present one; nothing to roll back to.")
        newest = max(row.champion_snapshot for row in earlier)
        return [row for row in earlier if row.champion_snapshot == newest][-1]
