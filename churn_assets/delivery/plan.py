"""The plan of a snapshot for approval: its messages, their cost, and a hash that changes with any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from churn_assets.failures import Failure
from churn_assets.instance.outbox import content_sha256
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


class NoPlan(Failure, LookupError, code="plan"):
    """A snapshot has no plan to approve or send."""


@dataclass(frozen=True)
class Plan:
    """`messages`: contract Outbox with arm, level and expected_cost_amount of their decisions."""

    snapshot: date
    messages: pl.DataFrame
    policy_version: str

    @classmethod
    def at(cls, workplace: Workplace, snapshot: date) -> Plan:
        """The plan of a snapshot. Raises NoPlan where nothing was decided."""
        if workplace.tables.find(Stage.INTERVENTIONS, "outbox", snapshot) is None:
            snapshots = [p.snapshot for p in workplace.record.partitions(Stage.INTERVENTIONS, "outbox")]
            hint = f"there are plans of {', '.join(map(str, snapshots[-5:]))}" if snapshots else "churn run makes one"
            raise NoPlan(f"interventions.outbox has no snapshot {snapshot}: {hint}.")
        ledger = workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", snapshot)
        columns = ("decision_id", "arm", "level", "expected_cost_amount", "policy_version", "propensity")
        current = workplace.outbox.messages(ledger["decision_id"].to_list())
        messages = current.join(ledger.select(columns), on="decision_id").sort("message_key")
        return cls(snapshot, messages, ledger.item(0, "policy_version"))

    @property
    def sha256(self) -> str:
        return content_sha256(self.messages)

    @property
    def open_messages(self) -> pl.DataFrame:
        """Messages that are not approved or cancelled yet."""
        return self.messages.filter(pl.col("state") == "planned")

    def later_messages(self, now: datetime) -> tuple[int, datetime, datetime] | None:
        """(how many messages may not go out yet, when the first of them may, and the last); None: all may."""
        later = self.messages.filter(pl.col("state").is_in(["planned", "approved"]), pl.col("not_before") > now)
        times = later["not_before"]
        return (later.height, times.min(), times.max()) if later.height else None  # type: ignore[return-value]

    @property
    def cost_amount(self) -> float:
        """Expected cost of the messages that are not cancelled, to the 1/10,000 in which budgets are counted."""
        return round(float(self.messages.filter(pl.col("state") != "cancelled")["expected_cost_amount"].sum()), 4)


def newest_plan(workplace: Workplace) -> date:
    """The newest snapshot that was decided. Raises NoPlan."""
    snapshots = [p.snapshot for p in workplace.record.partitions(Stage.INTERVENTIONS, "outbox")]
    if not snapshots:
        raise NoPlan("Nothing has been decided yet: churn run makes a plan.")
    return max(snapshots)


def republish(workplace: Workplace, snapshot: date) -> None:
    """Publish the present states of a snapshot's messages."""
    ledger = workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", snapshot)
    messages = workplace.outbox.messages(ledger["decision_id"].to_list()).sort("user_id")
    workplace.tables.publish(Stage.INTERVENTIONS, "outbox", snapshot, messages)
    workplace.show_tables()
