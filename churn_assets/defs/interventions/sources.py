"""Raw tables that the texts of arms need at a snapshot, which of them have rows, and the arms left out without them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time

import polars as pl

from churn_assets.catalogue.arms import treatment_of
from churn_assets.catalogue.promises import sources_needed
from churn_assets.decisions.options import Treatment, options_of
from churn_assets.delivery.codes import free_codes, pool_at
from churn_assets.warehouse.product_names import NAMED_LIMITS, NAMED_PRODUCTS
from churn_assets.workplace import Workplace

# Columns named by the sources of recommended_items.
AVAILABLE = f"""
select
  exists (select 1 from ({NAMED_PRODUCTS}) where name is not null) as names,
  exists (
    select 1 from staging.stg_events
    where product_id is not null and event_type in ('view', 'add_to_cart', 'favorite') and known_at < $snapshot
  ) as viewed,
  exists (select 1 from marts.fct_order_items where known_at < $snapshot) as bought
"""


def codes_left(workplace: Workplace, snapshot: date) -> Mapping[Treatment, int]:
    """How many codes each arm and level has left at the snapshot; nothing where no arm takes any."""
    if not any(option.takes_code for option in options_of(workplace.settings.decisions)):
        return {}
    free = free_codes(workplace, snapshot, given_before=datetime.combine(snapshot, time()))
    return {treatment: len(codes) for treatment, codes in free.items()}


def arms_left_out(workplace: Workplace, snapshot: date) -> list[str]:
    """One line per arm whose texts promise an item or a code that the shop lacks, with what is missing."""
    settings, codes = workplace.settings.decisions, codes_left(workplace, snapshot)
    names, viewed, bought = workplace.warehouse.query(AVAILABLE, {"snapshot": snapshot, **NAMED_LIMITS}).row(0)
    available = {"viewed": viewed, "bought_together": bought, "bought_before": bought, "popular": bought}
    lines = []
    for arm in settings.arms:
        needed = sources_needed(arm.texts.get(settings.language, ()))
        if needed and not names:
            lines.append(
                f"{arm.arm}: its texts name an item, and no product has a name of its own (raw table products)"
            )
        elif needed and not any(available[source] for source in needed):
            tables = "events with product_id" if needed == {"viewed"} else "order_items"
            lines.append(f"{arm.arm}: its texts name an item, and the shop has no {tables}")
    lines += [
        f"{option.treatment}: no coupon code is left for it (raw table coupon_codes)"
        for option in options_of(settings)
        if option.takes_code and not codes.get(option.key)
    ]
    return lines


def codes_without_use(workplace: Workplace, snapshot: date) -> list[str]:
    """One line per reason why delivered codes cannot be given to users."""
    taking = {option.key for option in options_of(workplace.settings.decisions) if option.takes_code}
    pool = pool_at(workplace, snapshot)
    broken = pool.filter(~pl.col("is_carried")).height
    lines = [f"unusable: {broken:,}, with line breaks, braces, odd blanks, or longer than 64"] if broken else []
    for arm, level, codes in pool.group_by("arm", "level", maintain_order=True).len().iter_rows():
        if (arm, level) not in taking:
            name = treatment_of(arm, level)
            lines.append(f"for {name}: {codes:,}, and no arm of that name and level has `code: pool`")
    return lines
