"""Asset checks of what a snapshot holds, told for every snapshot of a run.

The decorated function says what it found at one snapshot; which snapshots a run is about, and how a finding becomes a
check result, is here. A check says in its docstring, the description in the UI, what is true when it passes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg

from churn_assets.defs.history import told_history
from churn_assets.defs.partitions import snapshots_of
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.warehouse.built import consumed_until
from churn_assets.workplace import Workplace


@dataclass(frozen=True)
class Finding:
    """What a check found at one snapshot: whether it passes, and figures (never a value of a single row but ids)."""

    passed: bool
    figures: Mapping[str, Any] = field(default_factory=dict)


def snapshot_check(
    stage: str,
    table: str,
    *,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    is_newest_enough: bool = False,
    reads: Sequence[Sequence[str]] = (),
) -> Callable[[Callable[[Snapshot], Finding]], dg.AssetChecksDefinition]:
    """Make a function of a snapshot into a check of `stage/table`; an error stops what follows, a warning does not.

    `is_newest_enough`: of a range, only the newest snapshot is looked at. `reads`: other assets that it waits for.
    """

    def decorate(find: Callable[[Snapshot], Finding]) -> dg.AssetChecksDefinition:
        @dg.asset_check(
            asset=[stage, table],
            additional_deps=[list(key) for key in reads],
            name=find.__name__,
            description=(find.__doc__ or "").strip(),
            blocking=severity == dg.AssetCheckSeverity.ERROR,
        )
        def check(
            context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
        ) -> dg.AssetCheckResult:
            days = checked_snapshots(context, workplace)
            days = days[-1:] if is_newest_enough else days
            return told({day: find(Snapshot(day, workplace, context.log.info)) for day in days}, severity)

        return check

    return decorate


def checked_snapshots(
    context: dg.AssetCheckExecutionContext, workplace: Workplace, *, with_past: bool = False
) -> Sequence[date]:
    """The snapshots of the run, ascending; a check run by itself, without any, is about the newest one built.

    `with_past`: those of the past, too, that the run builds for training.
    """
    if context.has_partition_key or context.has_partition_key_range:
        return [*(told_history(context) or ()), *snapshots_of(context)] if with_past else snapshots_of(context)
    newest = consumed_until(workplace)
    if newest is None:
        raise dg.Failure("Nothing to check: no snapshot has been built. Run churn run first.")
    return [newest]


def told(findings: Mapping[date, Finding], severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    """One result for all snapshots, with the figures of the first that fails, else of the newest."""
    failed = [day for day, finding in findings.items() if not finding.passed]
    shown = failed[0] if failed else max(findings)
    metadata = {"snapshot_date": shown.isoformat(), **findings[shown].figures}
    if len(findings) > 1:
        metadata |= {"snapshots": len(findings), "snapshots_failed": len(failed)}
    return dg.AssetCheckResult(passed=not failed, severity=severity, metadata=metadata)
