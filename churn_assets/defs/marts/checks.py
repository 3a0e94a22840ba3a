"""Checks that delivered rows are in the marts, or accounted for elsewhere."""

from collections.abc import Iterator
from dataclasses import asdict

import dagster as dg

from churn_assets.contracts.raw import raw_contract
from churn_assets.defs.plain import plain
from churn_assets.defs.snapshot_checks import not_so
from churn_assets.stages import Stage
from churn_assets.warehouse.rows import account, mart_of
from churn_assets.workplace import Workplace

CHECK = "no_row_is_lost"
MARTS = {table.name: [Stage.MARTS, mart_of(table)] for table in raw_contract()}
# The mart of features is made in the same step as the marts below it, so only a check of its own stops what follows.
FEATURES = [Stage.FEATURES, "user_features"]
CURE = (
    "A row was probably delivered with a known time (ingested_at) that earlier runs had consumed already. Deliver it "
    "with the time of its arrival; or remove warehouse.duckdb and run again: it is rebuilt from all that is there."
)


@dg.multi_asset_check(
    name=CHECK,
    specs=[
        *(
            dg.AssetCheckSpec(
                CHECK,
                asset=key,
                blocking=True,
                description=f"Every row of raw.{name} is kept, replaced by a newer one, refused, or not yet known.",
            )
            for name, key in MARTS.items()
        ),
        dg.AssetCheckSpec(
            CHECK, asset=FEATURES, blocking=True, description="No raw table has lost a row on the way into the marts."
        ),
    ],
    can_subset=True,
)
def no_row_is_lost(
    context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Iterator[dg.AssetCheckResult]:
    """One query for all tables."""
    selected = {key.asset_key for key in context.selected_asset_check_keys}
    accounts = account(workplace, raw_contract())
    for name, key in MARTS.items():
        if dg.AssetKey(key) in selected:
            rows = accounts[name]
            yield _result(key, {**asdict(rows), "unexplained": rows.unexplained}, passed=rows.unexplained == 0)
    if dg.AssetKey(FEATURES) in selected:
        losing = {name: rows.unexplained for name, rows in accounts.items() if rows.unexplained}
        yield _result(FEATURES, {"unexplained": sum(losing.values()), **losing}, passed=not losing)


def _result(key: list[str], counts: dict[str, int], *, passed: bool) -> dg.AssetCheckResult:
    metadata: dict[str, int | str] = dict(counts) if passed else {**counts, "what_to_do": CURE}
    sentence = None if passed else not_so("Every raw row is accounted for", ".".join(key), plain(counts))
    return dg.AssetCheckResult(
        asset_key=key, check_name=CHECK, passed=passed, metadata=plain(metadata),
        description=sentence and f"{sentence} {CURE}",
    )  # fmt: skip
