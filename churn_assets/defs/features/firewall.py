"""Checks that stop a run whose features know more than one could have known: by ancestry, and by hiding the future."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from churn_assets.defs.dbt.lineage import Columns, lineage
from churn_assets.defs.dbt.project import manifest
from churn_assets.defs.dbt.variables import built_snapshots
from churn_assets.defs.features.past import foreseen
from churn_assets.defs.snapshot_checks import Finding, checked_snapshots, told
from churn_assets.defs.workplace import Workplace
from churn_assets.stages import ORDER, Stage

FEATURES = "features.user_features"
SAMPLED_USERS, SHOWN = 100, 8
# What is only known once the label window has passed, or follows from what the model said: no feature may come of it.
LABELS = "features.churn_labels"
LABEL_WINDOW = {"marts.dim_snapshots.label_starts_at", "marts.dim_snapshots.matures_at"}
LATER_STAGES = ORDER[ORDER.index(Stage.FEATURES) + 1 :]


@dg.asset_check(asset=[Stage.FEATURES, "user_features"], blocking=True)
def features_descend_from_the_past() -> dg.AssetCheckResult:
    """No feature is made of a label, of a column of the label window, or of anything that comes after the features:
    by the graph of models, and by the lineage of columns where `churn prepare` has worked it out.
    """
    models, columns = lineage_of_models(manifest()), lineage()
    forbidden = sorted(forbidden_models(models))
    descending = sorted(forbidden_columns(columns or {}))
    return dg.AssetCheckResult(
        passed=not forbidden and not descending,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "models_above": len(_above(FEATURES, models)),
            "forbidden_models": ", ".join(forbidden) or "none",
            "forbidden_columns": ", ".join(descending[:SHOWN]) or "none",
            "columns_followed": len((columns or {}).get(FEATURES, {})),
        },
    )


@dg.asset_check(asset=[Stage.FEATURES, "user_features"], blocking=True)
def features_are_the_same_without_the_future(
    context: dg.AssetCheckExecutionContext, workplace: Workplace
) -> dg.AssetCheckResult:
    """For a sample of users every feature, made again by the SQL of the mart, is the same whether or not the rows that
    happened or became known at or after the snapshot are there. At the oldest, the middle and the newest of a range;
    besides a single snapshot, at one four before it: the newest has no future yet that could be hidden.
    """
    days = _telling(checked_snapshots(context, workplace), built_snapshots(workplace))
    found = foreseen(workplace, days, SAMPLED_USERS)
    return told({day: _finding(differences) for day, differences in found.items()}, dg.AssetCheckSeverity.ERROR)


def lineage_of_models(content: Mapping[str, object]) -> dict[str, list[str]]:
    """What each model and source of a manifest is made of directly, as schema.name."""
    nodes: dict[str, dict[str, object]] = {**content["nodes"], **content["sources"]}  # type: ignore[dict-item]
    names = {key: f"{node['schema']}.{node['name']}" for key, node in nodes.items()}
    return {
        names[key]: [names[above] for above in node["depends_on"]["nodes"] if above in names]  # type: ignore[index]
        for key, node in nodes.items()
        if node["resource_type"] == "model"
    }


def forbidden_models(models: Mapping[str, Sequence[str]]) -> set[str]:
    """Labels and tables of later stages that features are made of, over however many models in between."""
    return {name for name in _above(FEATURES, models) if name == LABELS or name.split(".")[0] in LATER_STAGES}


def forbidden_columns(columns: Mapping[str, Columns]) -> Iterator[str]:
    """Features that descend from a column of the label or of its window: `feature from table.column`."""
    for feature in columns.get(FEATURES, {}):
        seen, waiting = set(), [(FEATURES, feature)]
        while waiting:
            model, column = waiting.pop()
            for schema, table, name in columns.get(model, {}).get(column, []):
                origin = (f"{schema}.{table}", name)
                if origin[0] == LABELS or ".".join(origin) in LABEL_WINDOW or schema in LATER_STAGES:
                    yield f"{feature} from {'.'.join(origin)}"
                elif origin not in seen:
                    seen.add(origin)
                    waiting.append(origin)


def _above(relation: str, models: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [relation]
    while waiting:
        above = set(models.get(waiting.pop(), ())) - found
        found |= above
        waiting += above
    return found


def _telling(days: Sequence[date], built: Sequence[date]) -> list[date]:
    earlier = [day for day in built if day < days[0]][-4:][:1]
    return sorted({*(earlier if len(days) == 1 else days[:1]), days[len(days) // 2], days[-1]})


def _finding(differences: Mapping[str, int]) -> Finding:
    told_columns = ", ".join(f"{name} ({users})" for name, users in list(differences.items())[:SHOWN])
    return Finding(
        passed=not differences,
        figures={
            "users_sampled": SAMPLED_USERS,
            "columns_that_know_the_future": len(differences),
            "for_example": told_columns or "none",
        },
    )
