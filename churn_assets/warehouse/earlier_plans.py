"""Who was assigned what before a snapshot: random campaigns, ledgers and random sides of earlier plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.decision_ledger import IS_KNOWN
from churn_assets.contracts.policy_sides import PolicySides
from churn_assets.contracts.random_options import RandomOptions
from churn_assets.contracts.sampled_options import SampledOptions
from churn_assets.effects.assignments import (
    contact_assignments,
    ledger_assignments,
    random_assignments,
    sampled_assignments,
)
from churn_assets.effects.known_users import known_users
from churn_assets.stages import Stage
from churn_assets.warehouse.outcomes import outcomes_of
from churn_assets.warehouse.reads import campaign_contacts
from churn_assets.workplace import Workplace


@dataclass(frozen=True)
class Past:
    """`assignments`: contract Assignments. `remarks`: by campaign. `ledgers`: of earlier snapshots, oldest first;
    `random_options` and `sides`: of all of them (contracts RandomOptions, PolicySides).
    """

    assignments: pl.DataFrame
    remarks: Mapping[str, Sequence[str]]
    ledgers: Sequence[pl.DataFrame]
    random_options: pl.DataFrame
    sides: pl.DataFrame

    @classmethod
    def before(cls, workplace: Workplace, snapshot: date) -> Past:
        tables = workplace.tables
        ledgers = dict(tables.read_before(Stage.INTERVENTIONS, "decision_ledger", snapshot))

        options, sides = (
            random_options_before(workplace, snapshot),
            beside_ledgers(workplace, snapshot, "policy_sides", PolicySides),
        )
        campaigns, remarks = contact_assignments(campaign_contacts(workplace, snapshot))
        planned = [ledger_assignments(ledger, sides) for ledger in ledgers.values()]
        sampled = sampled_assignments(beside_ledgers(workplace, snapshot, "sampled_options", SampledOptions))
        assignments = pl.concat([campaigns, *planned, random_assignments(options), sampled])
        return cls(assignments, remarks, [*ledgers.values()], options, sides)


def random_options_before(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """The random sides of earlier plans (contract RandomOptions)."""
    return beside_ledgers(workplace, snapshot, "random_options", RandomOptions)


def closed_users(workplace: Workplace, snapshot: date, users: pl.DataFrame) -> pl.DataFrame:
    """Rows of earlier plans (user_id, snapshot_date ...) whose windows have closed by the snapshot, with outcomes and
    metrics (`known_users`).
    """
    horizon_days = workplace.settings.churn.horizon_days
    closed = users.filter(pl.col("snapshot_date") + timedelta(days=horizon_days) <= snapshot, IS_KNOWN).with_columns(
        campaign=pl.col("snapshot_date").cast(pl.String), assigned_at=pl.col("snapshot_date").cast(pl.Datetime("us"))
    )
    outcomes = outcomes_of(workplace, closed, snapshot, horizon_days)
    return known_users(closed, outcomes, margin_share=workplace.settings.decisions.margin_share)


def beside_ledgers(workplace: Workplace, snapshot: date, table: str, contract: type[pa.DataFrameModel]) -> pl.DataFrame:
    """A table that is published with every plan, of all earlier plans together."""
    # Published before the ledger: of a run that died between them, nothing was decided.
    tables = workplace.tables
    decided = set(tables.snapshots_before(Stage.INTERVENTIONS, "decision_ledger", snapshot))
    frames = tables.read_before(Stage.INTERVENTIONS, table, snapshot)
    return pl.concat([contract.empty(), *(frame for day, frame in frames if day in decided)])
