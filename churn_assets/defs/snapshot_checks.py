"""Asset checks of a snapshot, evaluated for every snapshot of a run.

The decorated function returns the outcome at one snapshot; the snapshots of a run and the result of the check are
worked out here. The docstring of a check, its description in the UI, says what is true when it passes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg

from churn_assets.defs.history import tagged_history
from churn_assets.defs.partitions import snapshots_of
from churn_assets.defs.plain import plain
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.monitoring.one_line import one_line
from churn_assets.warehouse.built import consumed_until
from churn_assets.workplace import Workplace


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of a check at one snapshot: whether it passes, and figures (of single rows ids only).

    `sentence`: what was found and where to look, for people, of a check that does not pass.
    """

    passed: bool
    figures: Mapping[str, Any] = field(default_factory=dict)
    sentence: str = ""


def snapshot_check(
    stage: str,
    table: str,
    *,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    is_newest_enough: bool = False,
    reads: Sequence[Sequence[str]] = (),
    then: Callable[[Workplace, Sequence[date], dg.AssetCheckResult], None] = lambda _, __, ___: None,
) -> Callable[[Callable[[Snapshot], CheckOutcome]], dg.AssetChecksDefinition]:
    """Make a function of a snapshot into a check of `stage/table`; an error stops what follows, a warning does not.

    `is_newest_enough`: of a range, only the newest snapshot is checked. `reads`: other assets that the check waits for.
    `then`: called with all snapshots of the run and the result.
    """

    def decorate(evaluate: Callable[[Snapshot], CheckOutcome]) -> dg.AssetChecksDefinition:
        @dg.asset_check(
            asset=[stage, table],
            additional_deps=[list(key) for key in reads],
            name=evaluate.__name__,
            description=(evaluate.__doc__ or "").strip(),
            blocking=severity == dg.AssetCheckSeverity.ERROR,
        )
        def check(
            context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
        ) -> dg.AssetCheckResult:
            days = checked_snapshots(context, workplace)
            checked = days[-1:] if is_newest_enough else days
            outcomes = {day: evaluate(Snapshot(day, workplace, context.log.info)) for day in checked}
            result = check_result(outcomes, severity, workplace.settings.report.currency, claim=evaluate.__doc__ or "")
            then(workplace, days, result)
            return result

        return check

    return decorate


def checked_snapshots(
    context: dg.AssetCheckExecutionContext, workplace: Workplace, *, with_past: bool = False
) -> Sequence[date]:
    """The snapshots of the run, ascending; a check without a partition is about the newest one built.

    `with_past`: also the past snapshots that the run builds for training.
    """
    if context.has_partition_key or context.has_partition_key_range:
        return [*(tagged_history(context) or ()), *snapshots_of(context)] if with_past else snapshots_of(context)
    newest = consumed_until(workplace)
    if newest is None:
        raise dg.Failure("Nothing to check: no snapshot has been built. Run churn run first.")
    return [newest]


def check_result(
    outcomes: Mapping[date, CheckOutcome],
    severity: dg.AssetCheckSeverity,
    currency: str | None = None,
    *,
    claim: str,
) -> dg.AssetCheckResult:
    """One result for all snapshots, with the figures of the first that fails, else of the newest. `claim`: what is true
    when it passes, of which an outcome without a sentence says that it is not.
    """
    failed = [day for day, outcome in outcomes.items() if not outcome.passed]
    day = failed[0] if failed else max(outcomes)
    metadata: dict[str, Any] = {"snapshot_date": day.isoformat(), **outcomes[day].figures}
    if len(outcomes) > 1:
        metadata |= {"snapshots": len(outcomes), "snapshots_failed": len(failed)}
    sentence = one_line(outcomes[day].sentence or not_so(claim, day, plain(outcomes[day].figures))) if failed else ""
    return dg.AssetCheckResult(
        passed=not failed, severity=severity, metadata=plain(metadata, currency), description=sentence or None
    )


def not_so(claim: str, where: object, figures: Mapping[str, Any]) -> str:
    """Sentence: what a check claims is not so, with the figures that show it."""
    words = ", ".join(f"{name} {value}" for name, value in figures.items() if isinstance(value, int | float | str))
    return f"{' '.join(claim.split()).split('. ')[0].rstrip('.')}: not so at {where}{f' ({words})' if words else ''}."
