"""`churn promote-policy` and `churn rollback-policy`: a person decides which policy makes the plans, on proof."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from rich.table import Table

from churn_assets.contracts.policy_promotions import IN_USE, READY
from churn_assets.failures import Failure
from churn_assets.instance.policy_promotions import PolicyPromotions, PolicyRow
from churn_assets.instance.terminal import wide_console
from churn_assets.instance.twice import keep_twice
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

TABLE = "policy_promotions"


class NotPromoted(Failure, ValueError, code="promotion"):
    """The policy cannot make the plans: it is unknown, in use already, not proven to be better, or was never in use."""


def promote_policy(root: Path, policy: str, first: date | None, by: str | None, reason: str) -> None:
    """`policy` makes the plans from `first` on. Raises NotPromoted where it is not proven to be better."""
    workplace = Workplace(home_path=str(root))
    planned, rows = _newest(workplace)
    row = next((each for each in rows.iter_rows(named=True) if each["policy"] == policy), None)
    if row is None:
        raise NotPromoted(f"There is no policy {policy!r}; there are {', '.join(rows['policy'])}.")
    used = rows.filter(pl.col("status") == IN_USE)["policy"].item()
    default = workplace.settings.decisions.policy
    if PolicyPromotions(workplace.record).in_force(date.max, workplace.settings.decisions).policy == policy:
        raise NotPromoted(f"{policy} makes the plans already.")
    if row["status"] != READY:
        raise NotPromoted(
            f"{policy} was not promoted. As known at {planned}, where {used} made the plan: {row['reason']}. "
            f"Whoever wants it all the same sets decisions.policy."
        )
    figures = f"{reason} (proof of {planned}: {row['reason']})"
    snapshot = _first(workplace, planned, first)
    _act(workplace, planned, PolicyRow(snapshot, policy, default, "promote", figures, *_who(by)))


def rollback_policy(root: Path, first: date | None, by: str | None, reason: str) -> None:
    """The policy before the one in use makes the plans from `first` on. Raises NotPromoted where there was none."""
    workplace = Workplace(home_path=str(root))
    planned, _ = _newest(workplace)
    default = workplace.settings.decisions.policy
    policies = [default, *(row.policy for row in PolicyPromotions(workplace.record).rows(default))]
    earlier = [policy for policy in policies if policy != policies[-1]]
    if not earlier:
        raise NotPromoted(f"No policy was promoted since decisions.policy is {default}; nothing to roll back to.")
    _act(
        workplace,
        planned,
        PolicyRow(_first(workplace, planned, first), earlier[-1], default, "rollback", reason, *_who(by)),
    )


def _newest(workplace: Workplace) -> tuple[date, pl.DataFrame]:
    """The newest plan, and what was known of each policy when it was made."""
    plans = workplace.record.readable_partitions(Stage.INTERVENTIONS, TABLE)
    if not plans:
        raise NotPromoted(f"{Stage.INTERVENTIONS}.{TABLE} has no snapshot yet: churn run makes a plan.")
    planned = plans[-1].snapshot
    return planned, workplace.tables.read(Stage.INTERVENTIONS, TABLE, planned)


def _first(workplace: Workplace, planned: date, first: date | None) -> date:
    snapshot = workplace.calendar.snapshot(first) if first else planned + timedelta(days=1)
    if snapshot <= planned:
        raise NotPromoted(f"The plan of {planned} is made and stays as it is; name a later snapshot with --from.")
    return snapshot


def _who(by: str | None) -> tuple[str, datetime]:
    return by or getpass.getuser(), datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _act(workplace: Workplace, planned: date, row: PolicyRow) -> None:
    promotions = PolicyPromotions(workplace.record)
    promotions.add(row)
    keep_twice(workplace.home)
    table = Table("from", "policy", "decision", "by", "reason", box=None)
    for each in promotions.rows(row.default)[-10:]:
        table.add_row(str(each.snapshot), each.policy, each.decision, each.decided_by, each.reason)
    console = wide_console()
    console.print(table)
    console.print(f"The plan of {planned} stays as it is.", soft_wrap=True)
