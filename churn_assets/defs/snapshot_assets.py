"""Assets made in Python, one partition per snapshot: read, call one function, publish.

The decorated function yields the tables of one snapshot; here they are validated against their contracts, published,
and described to Dagster, for each snapshot of the run in order. A frame that breaks its contract is not published.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

import dagster as dg
import pandera.errors
import pandera.polars as pa
import polars as pl

from churn_assets.contracts.described import described
from churn_assets.defs.columns import Origins, shown
from churn_assets.defs.partitions import CALENDAR, snapshots_of
from churn_assets.defs.plain import plain
from churn_assets.workplace import Workplace

CONTRACT_CHECK = "contract_holds"
Contract = type[pa.DataFrameModel]


@dataclass(frozen=True)
class Product:
    """One table (or, without a contract, the bytes of an artefact) of one snapshot, and its metadata.

    `origins`: columns of other tables that its columns come from, where that is known (columns.py).
    """

    table: str
    content: pl.DataFrame | bytes
    metadata: Mapping[str, Any] = field(default_factory=dict)
    seal: bool = False
    origins: Origins = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """The argument of a decorated function: the snapshot date, and the instance to read from."""

    date: date
    workplace: Workplace
    log: Callable[[str], None]


def snapshot_assets(
    stage: str,
    tables: Mapping[str, Contract | None],
    *,
    deps: Sequence[dg.AssetDep | Sequence[str]],
    kinds: set[str],
    owner: str,
    other_stages: Mapping[str, str] = MappingProxyType({}),
    made_of: Mapping[str, Sequence[dg.AssetDep | Sequence[str]]] = MappingProxyType({}),
    first: Callable[[Workplace, Sequence[date], str], None] = lambda _, __, ___: None,
) -> Callable[[Callable[[Snapshot], Iterator[Product]]], dg.AssetsDefinition]:
    """Make a function of a snapshot into assets `stage/table`, each with its contract as a blocking check. Of `tables`
    those come first of which others are made.

    `other_stages`: of tables that are not of `stage`, as those made on the way to a decision are not; they stand in the
    group of `stage` all the same, where they are made. `made_of`: of tables that are not made of `deps`, what they are
    made of, other tables of the function too. `first`: called with the snapshots and the id of the run before anything
    is made.
    """
    needed = {table: _deps(made_of.get(table, deps)) for table in tables}

    def decorate(make: Callable[[Snapshot], Iterator[Product]]) -> dg.AssetsDefinition:
        text = (make.__doc__ or "").strip()
        descriptions = _descriptions(text, tables)
        stages = {table: other_stages.get(table, stage) for table in tables}

        @dg.multi_asset(
            name=make.__name__,
            specs=[
                dg.AssetSpec(
                    [stages[table], table],
                    deps=needed[table],
                    group_name=stage,
                    kinds=kinds,
                    owners=[owner],
                    description=descriptions[table],
                )
                for table in tables
            ],
            check_specs=[
                dg.AssetCheckSpec(
                    CONTRACT_CHECK,
                    asset=[stages[table], table],
                    blocking=True,
                    description=(contract.__doc__ or "").strip(),
                )
                for table, contract in tables.items()
                if contract
            ],
            partitions_def=CALENDAR.partitions,
            backfill_policy=dg.BackfillPolicy.single_run(),
            can_subset=False,
        )
        def assets(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> Iterator[Any]:
            rows: dict[str, int] = dict.fromkeys(tables, 0)
            first(workplace, snapshots_of(context), context.run.run_id)
            for day in snapshots_of(context):
                for product in make(Snapshot(day, workplace, context.log.info)):
                    contract, stage_of_it = tables[product.table], stages[product.table]
                    broken = _broken_rules(product.content, contract) if contract else []
                    if broken:
                        yield _check(stage_of_it, product.table, passed=False, snapshot=day, broken=broken)
                        raise dg.Failure(
                            f"{stage_of_it}.{product.table} at {day} breaks its contract and is not published: "
                            f"{broken[0]}"
                        )
                    rows[product.table] += _publish(workplace, stage_of_it, day, product)
                    context.add_asset_metadata(
                        _metadata(workplace, product),
                        asset_key=dg.AssetKey([stage_of_it, product.table]),
                        partition_key=day.isoformat(),
                    )
            workplace.show_tables({(stages[table], table) for table in tables})
            for table, contract in tables.items():
                yield dg.MaterializeResult(asset_key=[stages[table], table])
                if contract:
                    yield _check(stages[table], table, passed=True, rows=rows[table])

        return assets

    return decorate


def _deps(stated: Sequence[dg.AssetDep | Sequence[str]]) -> list[dg.AssetDep]:
    return [dep if isinstance(dep, dg.AssetDep) else dg.AssetDep(list(dep)) for dep in stated]


def _publish(workplace: Workplace, stage: str, day: date, product: Product) -> int:
    if isinstance(product.content, bytes):
        return workplace.tables.publish_bytes(stage, product.table, day, product.content).rows
    return workplace.tables.publish(stage, product.table, day, product.content, seal=product.seal).rows


def _broken_rules(frame: pl.DataFrame | bytes, contract: Contract) -> list[str]:
    """Rules that the frame breaks, each with column and number of rows."""
    try:
        contract.validate(frame, lazy=True)  # type: ignore[arg-type]
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        counted = cases.group_by("column", "check", maintain_order=True).len().sort("column", "check")
        return [f"{column or 'table'}: {rule} ({count} rows)" for column, rule, count in counted.iter_rows()]
    return []


def _check(stage: str, table: str, *, passed: bool, **metadata: Any) -> dg.AssetCheckResult:
    values = {name: value.isoformat() if isinstance(value, date) else value for name, value in metadata.items()}
    sentence = f"{stage}.{table} breaks its contract: {'; '.join(values.get('broken', ()))}."
    return dg.AssetCheckResult(
        passed=passed, asset_key=[stage, table], check_name=CONTRACT_CHECK, metadata=plain(values),
        description=None if passed else sentence,
    )  # fmt: skip


def _metadata(workplace: Workplace, product: Product) -> dict[str, Any]:
    figures = plain(product.metadata, workplace.settings.report.currency)
    if isinstance(product.content, bytes):
        return {"size (bytes)": len(product.content), **figures}
    columns = [
        dg.TableColumn(name, str(dtype), description=described(product.table, name))
        for name, dtype in product.content.schema.items()
    ]
    lineage = {"dagster/column_lineage": shown(product.origins)} if product.origins else {}
    return {
        "dagster/row_count": len(product.content),
        "dagster/column_schema": dg.TableSchema(columns),
        **lineage,
        **figures,
    }


def _descriptions(text: str, tables: Mapping[str, Any]) -> dict[str, str]:
    """The docstring has a line per table, `table: one row per ...`; with one table all of it describes that table."""
    if len(tables) == 1:
        return dict.fromkeys(tables, text)
    lines = dict(line.strip().split(": ", 1) for line in text.splitlines() if ": " in line)
    return {table: lines[table] for table in tables}
