"""Lists of users that people work with in a spreadsheet: the plan, who is left alone, whom to call.

Ids only: addresses and numbers are with the shop's own systems. A message that was cancelled is in none of them, nor is
who objects by now (`hidden`, see delivery/objectors.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from types import MappingProxyType

import polars as pl

from churn_assets.contracts.decision_ledger import IS_KNOWN, NO_ARM, treatment
from churn_assets.delivery.plan import Plan
from churn_assets.report import names
from churn_assets.report.language import Words
from churn_assets.report.names import named
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

WORDS = Words("en")


def plan_list(workplace: Workplace, snapshot: date, hidden: Collection[str]) -> pl.DataFrame:
    """One row per message that is not cancelled, the largest gain first."""
    plan = Plan.at(workplace, snapshot)
    states = plan.messages.filter(pl.col("state") != "cancelled").select("decision_id", "message_key", "state")
    rows = _decisions(workplace, snapshot, hidden).join(states.lazy(), on="decision_id")
    return (
        rows.sort("expected_gain_amount", "user_id", descending=[True, False])
        .select(
            "user_id", "channel", treatment("arm", "level").alias("arm"), _in_words("reason", names.REASONS),
            "reason_text", "churn_probability", "value_at_risk_amount", "expected_gain_amount",
            "expected_cost_amount", by_chance=pl.col("is_exploration"), state="state", message_key="message_key",
        )
        .collect()
    )  # fmt: skip


def left_out_list(workplace: Workplace, snapshot: date, hidden: Collection[str]) -> pl.DataFrame:
    """One row per scored user who gets nothing, the largest value at risk first."""
    rows = _decisions(workplace, snapshot, hidden).filter(pl.col("arm") == NO_ARM)
    return (
        rows.sort("value_at_risk_amount", "user_id", descending=[True, False])
        .select(
            "user_id", _in_words("binding_constraint", names.LEFT_ALONE).alias("left_alone_because"),
            _in_words("reason", names.REASONS), "reason_text", "churn_probability", "value_at_risk_amount",
        )
        .collect()
    )  # fmt: skip


def call_list(workplace: Workplace, snapshot: date, hidden: Collection[str]) -> pl.DataFrame:
    """The calls of the plan, best call first."""
    calls = plan_list(workplace, snapshot, hidden).filter(pl.col("channel") == "call")
    columns = ("user_id", "arm", "reason", "reason_text", "value_at_risk_amount", "state", "message_key")
    return calls.select(pl.int_range(1, pl.len() + 1).alias("call_rank"), *columns)


LISTS: Mapping[str, tuple[str, Callable[[Workplace, date, Collection[str]], pl.DataFrame]]] = MappingProxyType({
    "plan": ("The plan", plan_list),
    "left-out": ("Who is left alone", left_out_list),
    "calls": ("Whom to call", call_list),
})  # fmt: skip


def _decisions(workplace: Workplace, snapshot: date, hidden: Collection[str]) -> pl.LazyFrame:
    """Rows of the ledger with the sentence of their reason; of nobody who was erased, nor of `hidden`."""
    ledger = workplace.tables.scan(Stage.INTERVENTIONS, "decision_ledger", snapshot)
    shown = ledger.filter(IS_KNOWN, ~pl.col("user_id").is_in(list(hidden)))
    # A group may be a reason of both kinds: what can be acted upon is what a call can be about, so it comes first.
    sentences = (
        workplace.tables.scan(Stage.SCORING, "user_reasons", snapshot)
        .group_by("user_id", "reason_group", maintain_order=True)
        .agg(reason_text=pl.col("text_en").sort_by("kind").first())
    )
    return shown.join(sentences, left_on=["user_id", "reason"], right_on=["user_id", "reason_group"], how="left")


def _in_words(column: str, words: names.Names) -> pl.Expr:
    known = {key: named(WORDS, words, key) for key in words}
    return pl.col(column).replace(known)
