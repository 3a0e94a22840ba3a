"""Who was assigned what before a snapshot: random campaigns, ledgers and random sides of earlier plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.policy_sides import PolicySides
from churn_assets.contracts.random_options import RandomOptions
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.effects.assignments import contact_assignments, ledger_assignments, random_assignments
from churn_assets.stages import Stage
from churn_assets.warehouse.reads import campaign_contacts


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
    def before(cls, at: Snapshot) -> Past:
        tables = at.workplace.tables
        ledgers = dict(tables.read_before(Stage.INTERVENTIONS, "decision_ledger", at.date))

        def beside(table: str, contract: type[pa.DataFrameModel]) -> pl.DataFrame:
            # Published before the ledger: of a run that died between them, nothing was decided.
            frames = tables.read_before(Stage.INTERVENTIONS, table, at.date)
            return pl.concat([contract.empty(), *(frame for day, frame in frames if day in ledgers)])

        options, sides = beside("random_options", RandomOptions), beside("policy_sides", PolicySides)
        campaigns, remarks = contact_assignments(campaign_contacts(at.workplace, at.date))
        planned = [ledger_assignments(ledger, sides) for ledger in ledgers.values()]
        assignments = pl.concat([campaigns, *planned, random_assignments(options)])
        return cls(assignments, remarks, [*ledgers.values()], options, sides)
