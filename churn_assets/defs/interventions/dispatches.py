"""Dispatch as an asset of its own, outside every job, schedule and sensor: only a person materialises it."""

from datetime import date

import dagster as dg

from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.plain import plain
from churn_assets.delivery.dispatch import utc_now
from churn_assets.delivery.notices import count_notices, send_notices
from churn_assets.delivery.sending import rehearse, send
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


class DispatchConfig(dg.Config):
    """`is_sent`: hand over what churn approve approved; otherwise only count what would be handed over."""

    is_sent: bool = False


@dg.asset(
    key=[Stage.INTERVENTIONS, "dispatches"],
    deps=[[Stage.INTERVENTIONS, "outbox"]],
    partitions_def=CALENDAR.partitions,
    group_name=Stage.INTERVENTIONS,
    kinds={"sqlite"},
    owners=["team:retention"],
)
def dispatches(
    context: dg.AssetExecutionContext, config: DispatchConfig, workplace: dg.ResourceParam[Workplace]
) -> dg.MaterializeResult[None]:
    """Approved messages of the newest plan handed to their channels. A dry run unless `is_sent`; an old plan never.

    A run alone can send nothing: without a person's signed approval (churn approve) it fails.
    """
    day = date.fromisoformat(context.partition_key)
    if config.is_sent:
        counts = send_notices(workplace, utc_now())
        counts += send(workplace, day)
    else:
        counts = count_notices(workplace) + rehearse(workplace, day, utc_now())
    return dg.MaterializeResult(metadata=plain({"is_sent": config.is_sent, **dict(sorted(counts.items()))}))
