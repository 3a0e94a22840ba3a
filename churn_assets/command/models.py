"""`churn promote` and `churn rollback`: a person decides which model scores, from a snapshot on."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.table import Table

from churn_assets.instance.promotions import NoSuchModel, PromotionRow, Promotions
from churn_assets.instance.terminal import PlainConsole, wide_console
from churn_assets.instance.twice import keep_twice
from churn_assets.model.artifact import ChurnModel
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


def promote(root: Path, model: date, first: date | None, by: str | None, reason: str) -> None:
    """The model trained at the snapshot `model` scores from `first` on. Raises NoSuchModel."""
    _act(Workplace(home_path=str(root)), "promote", model, first, by, reason)


def rollback(root: Path, first: date | None, by: str | None, reason: str) -> None:
    """The champion before the present one scores from `first` on. Raises NoSuchModel."""
    workplace = Workplace(home_path=str(root))
    _act(workplace, "rollback", Promotions(workplace.record).predecessor().champion_snapshot, first, by, reason)


def _act(workplace: Workplace, decision: str, model: date, first: date | None, by: str | None, reason: str) -> None:
    promotions = Promotions(workplace.record)
    rows = promotions.rows()
    if not rows or workplace.tables.find(Stage.TRAINING, "churn_model", model) is None:
        trained = [partition.snapshot for partition in workplace.record.partitions(Stage.TRAINING, "churn_model")]
        available = (
            f"there are models of {', '.join(map(str, trained[-5:]))}"
            if trained
            else "there is none: churn run makes one"
        )
        raise NoSuchModel(f"training.churn_model: no model was trained at {model}; {available}.")
    snapshot = workplace.calendar.snapshot(first) if first else rows[-1].snapshot + timedelta(days=1)
    if snapshot < model:
        raise NoSuchModel(f"The model of {model} cannot score {snapshot}: it has learned from what came later.")
    content = workplace.tables.read_bytes(Stage.TRAINING, "churn_model", model)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    definition = next((row.definition for row in rows if row.snapshot == model), workplace.settings.churn.definition)
    promotions.add(
        PromotionRow(
            snapshot, model, ChurnModel.from_bytes(content).version, definition, decision, reason,
            by or getpass.getuser(), now,
        )
    )  # fmt: skip
    keep_twice(workplace.home)
    _show(promotions.rows())
    scored = [row.snapshot for row in rows if row.snapshot >= snapshot]
    if scored:
        PlainConsole().print(
            f"Scores from {snapshot} on were made before this decision: "
            f"churn backfill --from {snapshot} --to {scored[-1]}",
            soft_wrap=True,
        )


def _show(rows: list[PromotionRow]) -> None:
    table = Table("from", "model of", "version", "decision", "by", "reason", box=None)
    for row in rows[-10:]:
        table.add_row(
            str(row.snapshot), str(row.champion_snapshot), row.model_version, row.decision, row.decided_by, row.reason
        )
    wide_console().print(table)
