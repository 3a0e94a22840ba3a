"""The alerts of a snapshot, from what it has published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import polars as pl

from churn_assets.alerts.alert import Alert
from churn_assets.delivery.approval import NotAllowed, refuse_unsendable, why_not_approved
from churn_assets.delivery.plan import NoPlan, Plan, newest_plan
from churn_assets.report import names
from churn_assets.report.language import Words
from churn_assets.report.names import named
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

MOST_NAMED = 3  # segments and reasons in the digest, the most money first


def alerts_of(workplace: Workplace, snapshot: date, now: datetime) -> list[Alert]:
    """Alerts of a snapshot. Tables that it does not have give none."""
    return [
        *_plan_waiting(workplace, snapshot, now),
        *_limits(workplace, snapshot),
        *_effects(workplace, snapshot),
        *_retraining(workplace, snapshot),
        *_digest(workplace, snapshot),
    ]


def _plan_waiting(workplace: Workplace, snapshot: date, now: datetime) -> Iterator[Alert]:
    try:
        if newest_plan(workplace) != snapshot:
            return
        plan = Plan.at(workplace, snapshot)
        refuse_unsendable(workplace, plan, now)
    except (NoPlan, NotAllowed):
        return
    waiting = plan.open_messages
    if waiting.is_empty() or why_not_approved(workplace, plan) is None:
        return
    until = min(waiting["expires_at"].to_list())
    t = _words(workplace)
    text = (
        f"The plan of {snapshot} waits for approval: {waiting.height:,} messages, expected cost "
        f"{t.small_money(plan.cost_amount)}. It expires at {until:%Y-%m-%d %H:%M} UTC."
    )
    step = f"churn report, then churn approve --snapshot {snapshot}"
    yield Alert("plan_waiting", str(snapshot), text, step, snapshot)


def _limits(workplace: Workplace, snapshot: date) -> Iterator[Alert]:
    t = _words(workplace)
    for row in _rows(workplace, Stage.INTERVENTIONS, "limit_prices", snapshot).iter_rows(named=True):
        if row["price_amount"] > 0:
            text = (
                f"{row['limit']} is used up ({row['used']:,.0f} of {row['most']:,.0f} {row['unit']}): one more would "
                f"earn {t.small_money(row['price_amount'])}, as the plan expects it."
            )
            yield Alert("limit_reached", row["limit"], text, "Read the plan in the report before raising it.", snapshot)


def _effects(workplace: Workplace, snapshot: date) -> Iterator[Alert]:
    t = _words(workplace)
    for row in _rows(workplace, Stage.INTERVENTIONS, "stopped_arms", snapshot).iter_rows(named=True):
        low, high = t.small_money(row["margin_low_amount"]), t.small_money(row["margin_high_amount"])
        text = (
            f"{row['treatment']} is proven to lose money: {t.small_money(row['margin_effect_amount'])} [{low}, {high}] "
            "of margin per user, after sending and coupons."
        )
        step = (
            "It is left out of plans." if row["is_stopped"] else "Take it out of decisions.arms, or use policy learned."
        )
        yield Alert("effect_below_zero", row["treatment"], text, step, snapshot)


def _retraining(workplace: Workplace, snapshot: date) -> Iterator[Alert]:
    rows = _rows(workplace, Stage.MONITORING, "retrain_conditions", snapshot)
    for condition, reason in rows.select("condition", "reason").iter_rows() if rows.height else ():
        yield Alert(
            "retraining_due", condition, reason, "training.model_promotions says what scores, and since when.", snapshot
        )


def _digest(workplace: Workplace, snapshot: date) -> Iterator[Alert]:
    rows = _rows(workplace, Stage.MONITORING, "risk_alerts", snapshot)
    if rows.is_empty():
        return
    t = _words(workplace)
    users = rows.filter(pl.col("kind") == "user")
    parts = []
    if users.height:
        amount = t.money(float(users["value_at_risk_amount"].sum()))
        parts.append(f"the risk of {users.height:,} users jumped ({amount} at stake)")
    for kind, words in (("segment", names.SEGMENTS), ("reason", names.REASONS)):
        risen = rows.filter(pl.col("kind") == kind).head(MOST_NAMED)
        parts += [
            f"{named(t, words, row['subject'])} {t.percent(row['before'])} to {t.percent(row['now'])} "
            f"({row['users']:,} users, {t.money(row['value_at_risk_amount'])})"
            for row in risen.iter_rows(named=True)
        ]
    text = f"Since {rows.item(0, 'before_date')}: {'; '.join(parts)}."
    yield Alert("risk_digest", str(snapshot), text, "monitoring.risk_alerts has the users.", snapshot)


def _rows(workplace: Workplace, stage: str, table: str, snapshot: date) -> pl.DataFrame:
    if workplace.tables.find(stage, table, snapshot) is None:
        return pl.DataFrame()
    return workplace.tables.read(stage, table, snapshot)


def _words(workplace: Workplace) -> Words:
    return Words("en", workplace.settings.report.currency, workplace.home.mapping.domain)
