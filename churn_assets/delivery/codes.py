"""The pool of coupon codes of a plan: known before its snapshot, and given to no user yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

import polars as pl

from churn_assets.contracts.counted import counted_at
from churn_assets.decisions.options import Treatment
from churn_assets.delivery.code_pool import CodePool, given_codes
from churn_assets.delivery.plan import Plan
from churn_assets.instance.calendar import CADENCE_DAYS
from churn_assets.workplace import Workplace

POOL = f"""
select arm, level, code, regexp_full_match(code, $carried) and length(code) <= 64 as is_carried,
       coalesce(expires_at >= $lasts_until, true) as is_lasting
from marts.dim_coupon_codes
where {counted_at()}
order by arm, level nulls first, expires_at nulls last, code
"""
# Codes that a text can hold: words without control characters, and without braces, which would be read as a slot.
CARRIED = r"[^\p{C}\p{Z}{}]+(?: [^\p{C}\p{Z}{}]+)*"


def codes_for(workplace: Workplace, plan: Plan) -> CodePool:
    """The pool for a plan. A plan without codes does not open the warehouse, which a run may lock for long."""
    takes_codes = plan.messages["payload"].str.contains('"code_from":"pool"', literal=True).any()
    return CodePool(free_codes(workplace, plan.snapshot) if takes_codes else {})


def pool_at(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per code known at the snapshot, in the order in which they are given: arm, level, code, flags.

    is_carried: a text can hold the code. is_lasting: the code is valid through the last day that a text of this plan
    may name, to the minute, since systems write the end of a day in many ways.
    """
    last_day = snapshot + timedelta(days=CADENCE_DAYS[workplace.settings.calendar.cadence])
    lasts_until = datetime.combine(last_day, time(23, 59))
    return workplace.warehouse.query(POOL, {"snapshot": snapshot, "lasts_until": lasts_until, "carried": CARRIED})


def free_codes(
    workplace: Workplace, snapshot: date, given_before: datetime | None = None
) -> Mapping[Treatment, Sequence[str]]:
    """Codes by arm and level, first to expire first, without codes given (before a moment)."""
    already_given = given_codes(workplace.record, given_before)
    usable = pool_at(workplace, snapshot).filter(
        "is_carried", "is_lasting", ~pl.col("code").is_in(sorted(already_given))
    )
    grouped = usable.group_by("arm", "level", maintain_order=True).agg("code")
    return {(arm, level): codes for arm, level, codes in grouped.iter_rows()}
