"""The pool of coupon codes as the plan of a snapshot knows it: delivered before it, and given to nobody yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from churn_assets.decisions.options import Treatment
from churn_assets.defs.calendar import CADENCE_DAYS
from churn_assets.defs.storage.codes import given_codes
from churn_assets.defs.workplace import Workplace

POOL = """
select arm, level, code from marts.dim_coupon_codes
where known_at < $snapshot and (superseded_at is null or superseded_at >= $snapshot)
  and (expires_at is null or expires_at >= $lasts_until)
order by arm, level nulls first, expires_at nulls last, code
"""


def free_codes(
    workplace: Workplace, snapshot: date, given_before: datetime | None = None
) -> Mapping[Treatment, Sequence[str]]:
    """Codes by arm and level, those that expire first in front; without those given (before a moment).

    Only codes that hold through the last day that a text of this plan may name, to the minute: systems write the end of
    a day in many ways.
    """
    if not any(arm.code == "pool" for arm in workplace.settings.decisions.arms):
        return {}
    last_day = snapshot + timedelta(days=CADENCE_DAYS[workplace.settings.calendar.cadence])
    lasts_until = datetime.combine(last_day, time(23, 59))
    given = given_codes(workplace.record, given_before)
    free: dict[Treatment, list[str]] = {}
    rows = workplace.warehouse.query(POOL, {"snapshot": snapshot, "lasts_until": lasts_until})
    for arm, level, code in rows.iter_rows():
        if code not in given:
            free.setdefault((arm, level), []).append(code)
    return free
