"""Checks that stop a run whose features look ahead: by lineage, and by building them without the future."""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg

from churn_assets.defs.plain import plain
from churn_assets.defs.snapshot_checks import CheckOutcome, check_result, checked_snapshots, not_so
from churn_assets.stages import Stage
from churn_assets.warehouse import ancestry
from churn_assets.warehouse.built import built_snapshots
from churn_assets.warehouse.lineage import lineage
from churn_assets.warehouse.past import foreseen
from churn_assets.warehouse.project import manifest
from churn_assets.workplace import Workplace

SAMPLED_USERS, SHOWN = 100, 8


@dg.asset_check(asset=[Stage.FEATURES, "user_features"], blocking=True)
def features_descend_from_the_past() -> dg.AssetCheckResult:
    """No feature is made of a label, of a column of the label window, or of a later stage, by the graph of models, and
    by the lineage of columns where `churn prepare` has worked it out.
    """
    models, columns = ancestry.lineage_of_models(manifest()), lineage()
    forbidden = sorted(ancestry.forbidden_models(models))
    descending = sorted(ancestry.forbidden_columns(columns or {}))
    figures = plain(
        {
            "models_above": len(ancestry.ancestors(ancestry.FEATURES, models)),
            "forbidden_models": ", ".join(forbidden) or "none",
            "forbidden_columns": ", ".join(descending[:SHOWN]) or "none",
            "columns_followed": len((columns or {}).get(ancestry.FEATURES, {})),
        }
    )
    is_broken = bool(forbidden or descending)
    return dg.AssetCheckResult(
        passed=not is_broken,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=figures,
        description=not_so("Features are made of the past alone", "features.user_features", figures)
        if is_broken
        else None,
    )


@dg.asset_check(asset=[Stage.FEATURES, "user_features"], blocking=True)
def features_are_the_same_without_the_future(
    context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> dg.AssetCheckResult:
    """For a sample of users every feature, built again by the SQL of the mart, is the same with and without the rows
    that happened or became known at or after the snapshot. Compared at the oldest and the newest snapshot of a range,
    or at a single snapshot and the one four before it: the newest may have no later rows yet.
    """
    days = _compared_snapshots(checked_snapshots(context, workplace, with_past=True), built_snapshots(workplace))
    by_day = foreseen(workplace, days, SAMPLED_USERS)
    return check_result(
        {day: _outcome(differences) for day, differences in by_day.items()},
        dg.AssetCheckSeverity.ERROR,
        claim="Features of a sample of users are the same without the rows of the future",
    )


def _compared_snapshots(days: Sequence[date], built: Sequence[date]) -> list[date]:
    earlier = [day for day in built if day < days[0]][-4:][:1]
    return sorted({*(earlier if len(days) == 1 else days[:1]), days[-1]})


def _outcome(differences: Mapping[str, int]) -> CheckOutcome:
    columns = ", ".join(f"{name} ({users})" for name, users in list(differences.items())[:SHOWN])
    return CheckOutcome(
        passed=not differences,
        figures={
            "users_sampled": SAMPLED_USERS,
            "columns_that_know_the_future": len(differences),
            "for_example": columns or "none",
        },
    )
