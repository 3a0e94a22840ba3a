"""`churn definitions`: the churn definitions side by side, in the terminal and as a page in the home."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from churn_assets.instance.files import write_whole
from churn_assets.instance.tables import PartitionMissing
from churn_assets.instance.terminal import rich_table, wide_console
from churn_assets.monitoring.definition_page import definitions_page
from churn_assets.monitoring.definition_tables import text_tables
from churn_assets.monitoring.warned import lead_sentence, warned_sentence
from churn_assets.stages import Stage
from churn_assets.warehouse.built import consumed_until
from churn_assets.warehouse.definition_counts import definitions_at, scored_past
from churn_assets.workplace import Workplace

PAGE = "definitions.html"


def show_definitions(root: Path) -> None:
    """At the newest snapshot of the warehouse. Raises PartitionMissing where no label has matured."""
    workplace = Workplace(home_path=str(root))
    snapshot = consumed_until(workplace)
    frame = definitions_at(workplace, snapshot) if snapshot else None
    if snapshot is None or frame is None or frame.is_empty():
        raise PartitionMissing(
            f"{root} holds no matured label yet: run some snapshots first (churn run, churn backfill)"
        )
    churn = workplace.settings.churn
    window = f"label window {churn.horizon_days} days, gap {churn.gap_days} days"
    console = wide_console()
    console.print(f"Churn definitions as known at {snapshot}; {window}. In use: {churn.definition}")
    for table in text_tables(frame):
        console.print(rich_table(table))
    warnings = _warnings(workplace, frame, snapshot)
    for title, sentence in warnings.items():
        console.print(f"{title}: {sentence}.", markup=False, soft_wrap=True)
    page = workplace.home.reports / PAGE
    html = definitions_page(frame, snapshot=snapshot, in_use=churn.definition, window=window, warnings=warnings)
    write_whole(page, lambda file: file.write_text(html, encoding="utf-8"))
    console.print(f"Page: {page}", soft_wrap=True)


def _warnings(workplace: Workplace, frame: pl.DataFrame, snapshot: date) -> dict[str, str]:
    """By title: how much of what churn took had an alarm, and how early, by the definition in use."""
    past = scored_past(workplace, snapshot)
    sentences = {"How early": lead_sentence(frame, workplace.settings.churn.definition, past)}
    if workplace.tables.find(Stage.TRAINING, "warned_churners", snapshot):
        warned = workplace.tables.read(Stage.TRAINING, "warned_churners", snapshot)
        sentences = {"Warned": warned_sentence(warned), **sentences}
    return sentences
