"""From raw tables to the feature mart: two builds by dbt per run, whatever the number of snapshots in it.

Two, so that wrong staged rows stop a run before the marts have consumed them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from churn_assets.defs.dbt.run import build, build_lost_profiles
from churn_assets.defs.history import history_of, log_history
from churn_assets.defs.partitions import CALENDAR, snapshots_of
from churn_assets.defs.raw.observe import observations
from churn_assets.defs.withholding import begin_scores
from churn_assets.delivery.receipts import write_receipts
from churn_assets.erasure.erase import sweep_erased
from churn_assets.instance.condition import refuse_damaged
from churn_assets.landing import of_home
from churn_assets.landing.blocking import raise_blocking_findings
from churn_assets.landing.touched import note_read
from churn_assets.pulling.pull import pull_before
from churn_assets.stages import Stage
from churn_assets.warehouse.fingerprint import FINGERPRINT_FACT, fingerprint
from churn_assets.warehouse.project import manifest
from churn_assets.workplace import Workplace

FEATURES = dg.AssetKey([Stage.FEATURES, "user_features"])


@dbt_assets(
    manifest=manifest(),
    name="staging_models",
    select="fqn:staging",
    partitions_def=CALENDAR.partitions,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def staging_models(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> Iterator[Any]:
    """The raw rows, typed or refused; and observations of the raw tables."""
    snapshots = [*history_of(context, workplace), *snapshots_of(context)]
    refuse_damaged(workplace.tables, snapshots_of(context))
    for line in sweep_erased(workplace, context.run.run_id):  # a run of the schedule or the UI begins here
        context.log.warning(line)
    write_receipts(workplace)  # of a server that was killed before it wrote what it had received
    days, now = snapshots_of(context), datetime.now(UTC).replace(tzinfo=None)
    pull_before(workplace.home, datetime.combine(days[-1], time.min), now)
    note_read(workplace.home, days, now)
    raise_blocking_findings(of_home.landed(workplace.home))
    workplace.show_tables()  # of a killed run some views may be those from before it; later steps show what they write
    yield from build(context, workplace, snapshots)
    if not context.op_execution_context.is_subset:  # otherwise some staged tables may be missing
        for observation in observations(workplace, snapshots[-1]):
            context.log_event(observation)


@dbt_assets(
    manifest=manifest(),
    name="warehouse_models",
    select="fqn:marts fqn:features",
    partitions_def=CALENDAR.partitions,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def warehouse_models(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> Iterator[Any]:
    """Marts, features and labels up to the snapshots of this run."""
    history = history_of(context, workplace)
    made_with = workplace.record.fact(FINGERPRINT_FACT)
    is_outdated = made_with is not None and made_with != fingerprint(workplace)
    if is_outdated:
        context.log.warning("The warehouse was made with other settings, SQL or raw columns: it is rebuilt.")
    if FEATURES in context.selected_asset_keys:
        begin_scores(workplace, snapshots_of(context), context.run.run_id)
    yield from build(context, workplace, [*history, *snapshots_of(context)], is_rebuild=is_outdated)
    build_lost_profiles(context, workplace, history)
    log_history(context, history)
    workplace.record.state_fact(FINGERPRINT_FACT, fingerprint(workplace))
