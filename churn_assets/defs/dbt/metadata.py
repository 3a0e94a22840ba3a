"""Row counts and columns of the tables dbt built, read in one query each; lineage from the cache of churn prepare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from churn_assets.defs.partitions import snapshots_of
from churn_assets.defs.plain import plain
from churn_assets.warehouse.lineage import lineage, origins_text
from churn_assets.warehouse.project import column_descriptions
from churn_assets.workplace import Workplace

COLUMNS = """
select table_schema, table_name, any_value(table_type) as table_type,
       list(column_name order by ordinal_position) as names, list(data_type order by ordinal_position) as types
from information_schema.columns inner join information_schema.tables using (table_schema, table_name)
group by table_schema, table_name
"""


def with_table_metadata(
    context: dg.AssetExecutionContext, workplace: Workplace, outputs: Sequence[dg.Output[Any]]
) -> Iterator[dg.Output[Any]]:
    """The outputs, each with row count (tables only: counting a view reads the landing) and column schema.

    Of a range only the newest snapshot carries them: they describe the table as it is now, and Dagster would store them
    with each snapshot (3 s of a run over 33, 2026-11).
    """
    if not outputs:
        return
    if lineage() is None:
        context.log.info("No column lineage: the dbt project has changed since churn prepare.")
    keys = {output.output_name: context.asset_key_for_output(output.output_name) for output in outputs}
    relations = {
        (row["table_schema"], row["table_name"]): row
        for row in workplace.warehouse.query(COLUMNS).iter_rows(named=True)
    }
    counted = [tuple(key.path) for key in keys.values() if relations[tuple(key.path)]["table_type"] == "BASE TABLE"]
    rows = _row_counts(workplace, counted)
    for output in outputs:
        stage, table = key = tuple(keys[output.output_name].path)
        descriptions = column_descriptions(stage, table)
        columns = [
            dg.TableColumn(name, kind, description=descriptions.get(name, "") + origins_text(stage, table, name))
            for name, kind in zip(relations[key]["names"], relations[key]["types"], strict=True)
        ]
        metadata: dict[str, Any] = {"dagster/column_schema": dg.TableSchema(columns)}
        if key in rows:
            metadata["dagster/row_count"] = rows[key]
        origins = column_lineage(stage, table)
        if origins:
            metadata["dagster/column_lineage"] = origins
        newest = snapshots_of(context)[-1].isoformat()
        context.add_asset_metadata(metadata, asset_key=keys[output.output_name], partition_key=newest)
        yield dg.Output(output.value, output.output_name, metadata=_of_build(output.metadata))


def column_lineage(schema: str, model: str) -> dg.TableColumnLineage | None:
    """In the form that Dagster shows. Columns of windows other than the defaults have no lineage here."""
    columns = (lineage() or {}).get(f"{schema}.{model}")
    if columns is None:
        return None
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(dg.AssetKey([stage, table]), column) for stage, table, column in origins]
            for name, origins in columns.items()
        }
    )


def _of_build(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What people want of dagster-dbt's own figures: ids of invocation and its status say nothing about the table."""
    figures = {name: value.value if isinstance(value, dg.MetadataValue) else value for name, value in metadata.items()}
    return plain({"built_in_seconds": figures["Execution Duration"], "dbt_model": figures["unique_id"]})


def _row_counts(workplace: Workplace, tables: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    if not tables:
        return {}
    counts = " union all ".join(
        f"select '{schema}' as s, '{table}' as t, count(*) as n from {schema}.{table}" for schema, table in tables
    )
    return {(s, t): n for s, t, n in workplace.warehouse.query(counts).iter_rows()}
