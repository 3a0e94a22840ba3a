"""`churn select-features`: which features earn their place, recorded as a table, and the proof beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from churn_assets.command.lab.training import Lab
from churn_assets.contracts.feature_selections import FeatureSelections
from churn_assets.instance.terminal import rich_table, wide_console
from churn_assets.model.boosting import fit_boosting
from churn_assets.model.inputs import Inputs
from churn_assets.model.rivals import Fit
from churn_assets.model.selection import select
from churn_assets.model.selection_table import selection_frame
from churn_assets.model.slice_duels import slice_duels
from churn_assets.monitoring.duel_tables import duel_table
from churn_assets.monitoring.selection_tables import agreement_words, proof_words, selection_tables
from churn_assets.stages import Stage
from churn_assets.warehouse.selection import TABLE
from churn_assets.workplace import Workplace


def show_selection(root: Path, snapshot: date | None) -> None:
    """At `snapshot`, or the newest with a training set. Raises PartitionMissing, NothingToTest, NothingKept."""
    workplace = Workplace(home_path=str(root))
    churn = workplace.settings.churn
    lab = Lab.at(workplace, snapshot, is_selecting=True)
    console = wide_console()
    lab.introduce(console)
    with console.status("starting", refresh_per_second=2) as status:
        selection = select(
            lab.rows,
            lab.inputs,
            snapshot=lab.day,
            gap_days=churn.gap_days,
            horizon_days=churn.horizon_days,
            on_fit=lambda what, slice_date: status.update(f"{what}, slice {slice_date}"),
        )
        table = selection_frame(selection, lab.inputs.features, snapshot=lab.day)
        FeatureSelections.validate(table, lazy=True)
        status.update("kept features against all")
        forward = lab.forward(workplace)
        selected = replace(lab.inputs, features=[each for each in lab.inputs.features if each.name in selection.kept])
        duels = slice_duels(forward.predict(_fit(selected)), forward.predict(_fit(lab.inputs)))
    workplace.tables.publish(Stage.TRAINING, TABLE, lab.day, table)
    workplace.show_tables()
    for text_table in (*selection_tables(table), duel_table(duels, "kept", "all")):
        console.print(rich_table(text_table))
    console.print(agreement_words(selection.importance.agreement()))
    console.print(proof_words(duels.row(-1, named=True)), soft_wrap=True)
    console.print(f"Table: {Stage.TRAINING}.{TABLE}", soft_wrap=True)


def _fit(inputs: Inputs) -> Fit:
    return lambda training: fit_boosting(training, inputs.columns(training), inputs.settings)
