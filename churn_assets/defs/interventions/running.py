"""Which policy makes the plan of a snapshot: as set, as promoted by a person, or as the gate says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import polars as pl

from churn_assets.contracts.policy_promotions import IN_USE, READY, PolicyPromotions
from churn_assets.decisions.options import options_of
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.effects.policy_gate import Evidence, policy_gate
from churn_assets.instance.policy_promotions import SETTINGS, PolicyRow
from churn_assets.instance.policy_promotions import PolicyPromotions as Promotions
from churn_assets.instance.promotions import GATE
from churn_assets.warehouse.earlier_plans import closed_users, random_options_before

SCHEMA = {name: column.dtype.type for name, column in PolicyPromotions.to_schema().columns.items()}


@dataclass(frozen=True)
class Running:
    """`policy` makes the plan; `rows`: contract PolicyPromotions."""

    policy: str
    rows: pl.DataFrame


def running_at(at: Snapshot) -> Running:
    """Decide it, and record what the gate has promoted. A person's decision is not overruled at the first snapshot
    that it holds for.
    """
    settings, promotions = at.workplace.settings.decisions, Promotions(at.workplace.record)
    before = promotions.before(at.date, settings.policy)
    policy, decided_at = before.policy if before else settings.policy, datetime.combine(at.date, time())
    drawn = closed_users(at.workplace, at.date, random_options_before(at.workplace, at.date))
    costs = {option.treatment: option.level.cost_amount for option in options_of(settings)}
    evidence = policy_gate(drawn, policy, costs)
    ready = [each for each in evidence.values() if each.status == READY]
    is_forced = before is not None and before.is_by_person and before.snapshot == at.date
    if ready and settings.policy_promotion == "automatic" and not is_forced:
        best = max(ready, key=_low)
        row = PolicyRow(at.date, best.policy, settings.policy, "promoted", best.reason, GATE, decided_at)
        promotions.add(row)
        # What is known of the others was known of them beside the policy before.
        evidence[policy] = Evidence(policy, "not proven", f"{best.policy} took its place", best.users, 0.0)
        return Running(best.policy, _rows(at, evidence, row, "promoted"))
    if before is None:
        why = "as set; nothing was promoted since"
        row = PolicyRow(at.date, policy, policy, "set", why, SETTINGS, decided_at)
        if promotions.is_known_otherwise(policy):
            promotions.add(row)  # or what was promoted would come back with the setting of then
        return Running(policy, _rows(at, evidence, row, "set"))
    decision = "by_person" if before.is_by_person else "set" if before.decided_by == SETTINGS else "kept"
    return Running(policy, _rows(at, evidence, before, decision))


def _low(evidence: Evidence) -> float:
    return evidence.beyond_running.low if evidence.beyond_running else float("-inf")


def _rows(at: Snapshot, evidence: dict[str, Evidence], row: PolicyRow, decision: str) -> pl.DataFrame:
    used = evidence.get(row.policy) or Evidence(row.policy, IN_USE, row.reason, 0, 0.0)
    reason = f"{row.decision} by {row.decided_by}: {row.reason}" if decision == "by_person" else row.reason
    decided = {"decision": decision, "decided_by": row.decided_by, "decided_at": row.decided_at}
    rows = [_figures(each) for name, each in evidence.items() if name != row.policy]
    rows.append(_figures(used) | decided | {"status": IN_USE, "reason": reason})
    frame = pl.DataFrame(
        [dict.fromkeys(SCHEMA) | each | {"snapshot_date": at.date} for each in rows], infer_schema_length=None
    )
    return frame.select(list(SCHEMA)).cast(pl.Schema(SCHEMA)).sort("policy")


def _figures(evidence: Evidence) -> dict[str, Any]:
    running, constant = evidence.beyond_running, evidence.beyond_constant
    return {
        "policy": evidence.policy,
        "status": evidence.status,
        "reason": evidence.reason,
        "users": evidence.users,
        "effective_users": evidence.effective_users,
        "beyond_running": running and running.value,
        "beyond_running_low": running and running.low,
        "constant": evidence.constant,
        "constant_share": evidence.constant_share,
        "beyond_constant": constant and constant.value,
        "beyond_constant_low": constant and constant.low,
    }
