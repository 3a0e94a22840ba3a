"""The raw tables: files that others deliver, external to the graph. Each run records observations of them."""

import dagster as dg

from churn_assets.stages import Stage
from churn_assets.warehouse.project import manifest


@dg.definitions
def raw_tables() -> dg.Definitions:
    """One external asset per table of the raw contract."""
    return dg.Definitions(
        assets=[_spec(source) for source in manifest()["sources"].values() if source["source_name"] == "raw"]
    )


def _spec(source: dict) -> dg.AssetSpec:  # type: ignore[type-arg]
    columns = [
        dg.TableColumn(
            column["name"],
            column["data_type"],
            description=column["description"],
            constraints=dg.TableColumnConstraints(nullable=not column["meta"].get("required", False)),
        )
        for column in source["columns"].values()
    ]
    return dg.AssetSpec(
        key=[Stage.RAW, source["name"]],
        description=source["description"],
        group_name=Stage.RAW,
        kinds={"parquet", "csv"},
        owners=["team:data-engineering"],
        metadata={"dagster/column_schema": dg.TableSchema(columns)},
    )
