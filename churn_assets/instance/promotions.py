"""Which model was champion when, who decided it and why: append-only rows of the record store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from churn_assets.failures import Failure
from churn_assets.instance.record.store import Record

GATE = "gate"
COLUMNS = "snapshot_date, champion_snapshot_date, model_version, definition, decision, reason, decided_by, decided_at"


class NoSuchModel(Failure, LookupError):
    """A model that somebody wants as champion was never made, or never was champion."""


@dataclass(frozen=True)
class PromotionRow:
    """From `snapshot` on, the model trained at `champion_snapshot` scores. People decide from a snapshot on as well."""

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
        """Everything decided, oldest snapshot first, of one snapshot in the order of deciding."""
        with self.record.reading() as connection:
            found = connection.execute(
                f"select {COLUMNS} from model_promotions order by snapshot_date, sequence"
            ).fetchall()
        return [
            PromotionRow(
                date.fromisoformat(at),
                date.fromisoformat(champion),
                version,
                definition,
                decision,
                reason,
                by,
                datetime.fromisoformat(when),
            )
            for at, champion, version, definition, decision, reason, by, when in found
        ]

    def before(self, snapshot: date) -> PromotionRow | None:
        """What holds when `snapshot` is decided: the newest row of an earlier one, or what a person decided for it."""
        return next(
            (row for row in reversed(self.rows())
             if row.snapshot < snapshot or (row.snapshot == snapshot and row.is_by_person)),
            None,
        )  # fmt: skip

    def add(self, row: PromotionRow) -> None:
        """Append, unless the same was the last thing decided for this snapshot by the same one: a run made again."""
        held = [each for each in self.rows() if each.snapshot == row.snapshot and each.decided_by == row.decided_by]
        if held and held[-1] == row:
            return
        with self.record.transaction() as connection:
            connection.execute(
                f"insert into model_promotions ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (row.snapshot.isoformat(), row.champion_snapshot.isoformat(), row.model_version, row.definition,
                 row.decision, row.reason, row.decided_by, row.decided_at.isoformat()),
            )  # fmt: skip

    def predecessor(self) -> PromotionRow:
        """The last row of the champion before the present one. Raises NoSuchModel where there was none."""
        rows = self.rows()
        earlier = [row for row in rows if row.champion_snapshot < rows[-1].champion_snapshot]
        if not earlier:
            raise NoSuchModel("There was no champion before the present one; nothing to roll back to.")
        newest = max(row.champion_snapshot for row in earlier)
        return [row for row in earlier if row.champion_snapshot == newest][-1]
