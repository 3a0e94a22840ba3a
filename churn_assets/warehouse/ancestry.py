"""All models and columns that the features are made of, and those that they may not be made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from churn_assets.stages import ORDER, Stage
from churn_assets.warehouse.lineage import Columns

FEATURES = "features.user_features"
# Columns that are only known once the label window has passed: no feature may be made of them, of a model with "label"
# in its name, or of a later stage, which follows from scores.
LABEL_WINDOW = {"marts.dim_snapshots.label_starts_at", "marts.dim_snapshots.matures_at"}
LATER_STAGES = ORDER[ORDER.index(Stage.FEATURES) + 1 :]


def lineage_of_models(content: Mapping[str, object]) -> dict[str, list[str]]:
    """The direct parents of each model of a manifest, as schema.name."""
    nodes: dict[str, dict[str, object]] = {**content["nodes"], **content["sources"]}  # type: ignore[dict-item]
    names = {key: f"{node['schema']}.{node['name']}" for key, node in nodes.items()}
    return {
        names[key]: [names[parent] for parent in node["depends_on"]["nodes"] if parent in names]  # type: ignore[index]
        for key, node in nodes.items()
        if node["resource_type"] == "model"
    }


def forbidden_models(models: Mapping[str, Sequence[str]]) -> set[str]:
    """Labels and tables of later stages that features are made of, over however many models in between."""
    return {name for name in ancestors(FEATURES, models) if "label" in name or name.split(".")[0] in LATER_STAGES}


def forbidden_columns(columns: Mapping[str, Columns]) -> Iterator[str]:
    """Features that descend from a column of the label or of its window: `feature from table.column`."""
    for feature in columns.get(FEATURES, {}):
        seen, waiting = set(), [(FEATURES, feature)]
        while waiting:
            model, column = waiting.pop()
            for schema, table, name in columns.get(model, {}).get(column, []):
                origin = (f"{schema}.{table}", name)
                if "label" in origin[0] or ".".join(origin) in LABEL_WINDOW or schema in LATER_STAGES:
                    yield f"{feature} from {'.'.join(origin)}"
                elif origin not in seen:
                    seen.add(origin)
                    waiting.append(origin)


def ancestors(relation: str, models: Mapping[str, Sequence[str]]) -> set[str]:
    known: set[str] = set()
    waiting = [relation]
    while waiting:
        parents = set(models.get(waiting.pop(), ())) - known
        known |= parents
        waiting += parents
    return known
