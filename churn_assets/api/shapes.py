"""What the API answers, as models made of the contracts of published tables: their columns are listed there alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import pandera.polars as pa
import polars as pl
from pydantic import BaseModel, Field, create_model

from churn_assets.contracts.arm_effects import ArmEffects
from churn_assets.contracts.decision_ledger import DecisionLedger
from churn_assets.contracts.described import described
from churn_assets.contracts.program_effects import ProgramEffects
from churn_assets.contracts.scored_users import ScoredUsers
from churn_assets.contracts.user_reasons import UserReasons

KINDS: dict[Any, type] = {
    pl.String: str, pl.Float64: float, pl.Int64: int, pl.Boolean: bool, pl.Date: date, pl.Datetime: datetime,
}  # fmt: skip
KEY = frozenset({"user_id", "snapshot_date"})


def columns_of(contract: type[pa.DataFrameModel], without: Collection[str] = ()) -> list[str]:
    """Names of the columns, in order."""
    return [name for name in contract.to_schema().columns if name not in without]


def row_of(name: str, table: str, contract: type[pa.DataFrameModel], without: Collection[str] = ()) -> type[BaseModel]:
    """A model of one row; times are in UTC."""
    columns = contract.to_schema().columns
    fields: dict[str, Any] = {}
    for column in columns_of(contract, without):
        kind: Any = KINDS[columns[column].dtype.type.base_type()]
        description = described(table, column)
        fields[column] = (kind | None if columns[column].nullable else kind, Field(description=description))
    return create_model(name, **fields)


Score = row_of("Score", "scored_users", ScoredUsers, KEY)
Reason = row_of("Reason", "user_reasons", UserReasons, KEY)
Decision = row_of("Decision", "decision_ledger", DecisionLedger, KEY)
ScoredUser = row_of("ScoredUser", "scored_users", ScoredUsers)
ArmEffect = row_of("ArmEffect", "arm_effects", ArmEffects, {"snapshot_date"})
ProgramEffect = row_of("ProgramEffect", "program_effects", ProgramEffects, {"snapshot_date"})


class User(BaseModel):
    """One user at one snapshot."""

    user_id: str
    snapshot_date: date
    score: Score = Field(description="The row of scoring.scored_users, to the bit.")  # type: ignore[valid-type]
    reasons: list[Reason] = Field(description="Rows of scoring.user_reasons, by kind and rank.")  # type: ignore[valid-type]
    decision: Decision | None = Field(  # type: ignore[valid-type]
        description="The row of interventions.decision_ledger; null where nothing was decided about the user."
    )


class SnapshotUsers(BaseModel):
    """A page of users, in an order without meaning that is the same at every snapshot."""

    snapshot_date: date
    users: list[ScoredUser]  # type: ignore[valid-type]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class Snapshot(BaseModel):
    """A snapshot whose scores can be read."""

    snapshot_date: date
    users: int = Field(description="Rows of scoring.scored_users, those of users who are not shown included.")
    sha256: str = Field(description="Of the published file.")
    published_at: datetime


class Snapshots(BaseModel):
    """A page of snapshots, the newest first."""

    snapshots: list[Snapshot]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class PlanLine(BaseModel):
    """Messages of one channel, arm and level in one state."""

    channel: str
    arm: str
    level: str | None
    state: str = Field(description="planned, approved, dispatched, delivered, failed, unknown or cancelled.")
    messages: int
    expected_cost_amount: float


class PlanShown(BaseModel):
    """What is to be sent after a snapshot, as published: no message and no user of it is named."""

    snapshot_date: date
    policy_version: str
    plan_sha256: str = Field(description="What an approval is given for.")
    messages: int
    expected_cost_amount: float = Field(description="Of the messages that are not cancelled.")
    lines: list[PlanLine]


class Effects(BaseModel):
    """What arms and the program changed, as measured at one snapshot."""

    snapshot_date: date
    arms: list[ArmEffect] = Field(description="Rows of effects.arm_effects.")  # type: ignore[valid-type]
    program: list[ProgramEffect] = Field(description="Rows of effects.program_effects.")  # type: ignore[valid-type]
