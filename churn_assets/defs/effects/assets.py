"""What campaigns and decisions did, measured against users left alone."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from churn_assets.contracts.experiment_readout import ExperimentReadout
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.effects.assignments import contact_assignments, ledger_assignments
from churn_assets.effects.readout import empty_readout, readout
from churn_assets.effects.remarks import LEFT_OUT, notes_by_campaign
from churn_assets.stages import Stage
from churn_assets.warehouse.reads import campaign_contacts, outcomes_of

SIGNIFICANT = 0.05


@snapshot_assets(
    Stage.EFFECTS,
    {"experiment_readout": ExperimentReadout},
    deps=[
        [Stage.MARTS, "fct_contacts"],
        [Stage.MARTS, "fct_orders"],
        dg.AssetDep([Stage.INTERVENTIONS, "decision_ledger"], partition_mapping=CALENDAR.all_before()),
    ],
    kinds={"scipy", "polars"},
    owner="team:data-science",
)
def experiment_readout(at: Snapshot) -> Iterator[Product]:
    """One row per randomised campaign or past policy, treated arm and metric, as far as known by then."""
    ledgers = [frame for _, frame in at.workplace.tables.read_before(Stage.INTERVENTIONS, "decision_ledger", at.date)]
    campaigns, remarks = contact_assignments(campaign_contacts(at.workplace, at.date))
    assignments = pl.concat([campaigns, *(ledger_assignments(ledger) for ledger in ledgers)])
    window_days = at.workplace.settings.churn.horizon_days
    if assignments.is_empty():
        result = empty_readout()
    else:
        outcomes = outcomes_of(at.workplace, assignments, at.date, window_days)
        result = readout(assignments, outcomes, window_days=window_days, snapshot=at.date, remarks=remarks)
    notes = notes_by_campaign(result, {*assignments["campaign"], *remarks}, remarks)
    left_out = [name for name, note in notes.items() if note.startswith(LEFT_OUT)]
    yield Product(
        "experiment_readout",
        result,
        {
            "campaigns": result["campaign"].n_unique(),
            "campaigns_matured": result.filter("is_matured")["campaign"].n_unique(),
            "campaigns_left_out": ", ".join(left_out) or "none",
            "effects_proven": int((result["p_value"] < SIGNIFICANT).sum()),
            "notes": dg.MetadataValue.md("\n".join(f"- {name}: {note}" for name, note in notes.items()) or "none"),
        },
    )
