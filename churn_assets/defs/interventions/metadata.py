"""What the Dagster UI shows of decisions: figures of the tables of a plan."""

from __future__ import annotations

from typing import Any

import dagster as dg
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.policy_promotions import IN_USE

SHOWN = 10  # examples of items that are no products


def items_metadata(users: pl.Series, items: pl.DataFrame, left_out: pl.DataFrame) -> dict[str, Any]:
    named = items.filter(pl.col("name").is_not_null())
    examples = [f"{product} ({reason})" for product, reason in left_out.head(SHOWN).iter_rows()]
    return {
        "users": len(users),
        "users_with_an_item": items["user_id"].n_unique(),
        "users_with_a_named_item": named["user_id"].n_unique(),
        "no_products": len(left_out),
        "no_products_are": ", ".join(examples) or "none",
    }


def ledger_metadata(ledger: pl.DataFrame, budget_amount: float) -> dict[str, Any]:
    acted = ledger.filter(pl.col("arm") != NO_ARM)
    bound = dict(ledger["binding_constraint"].drop_nulls().value_counts().sort("binding_constraint").iter_rows())
    return {
        "users_acted_on": len(acted),
        "users_in_holdout": int(ledger["is_holdout"].sum()),
        "expected_cost_amount": float(acted["expected_cost_amount"].sum()),
        "expected_gain_amount": float(acted["expected_gain_amount"].sum()),
        "budget_amount": budget_amount,
        **{f"users_left_alone_{reason}": count for reason, count in bound.items()},
    }


def prices_metadata(prices: pl.DataFrame) -> dict[str, Any]:
    prices_by_limit = {row["limit"]: row["price_amount"] for row in prices.iter_rows(named=True)}
    return {
        "1000_more_of_budget_earn_amount": 1_000 * prices_by_limit["budget"],
        **{
            f"one_more_place ({name}) earns_amount": price
            for name, price in prices_by_limit.items()
            if name != "budget"
        },
    }


def loss_in_words(tired: pl.DataFrame) -> str:
    if tired.is_empty():
        return "not asked (decisions.waiting)"
    row = tired.row(0, named=True)
    return "unknown" if row["loss"] is None else f"{row['loss']:,.2f}, reckoned with {row['loss_amount']:,.2f}"


def promotion_metadata(promotions: pl.DataFrame) -> dict[str, Any]:
    lines = [f"- {row['policy']}, {row['status']}: {row['reason']}" for row in promotions.iter_rows(named=True)]
    used = promotions.filter(pl.col("status") == IN_USE)["policy"].to_list()
    return {"policy_in_use": ", ".join(used) or "unknown", "why": dg.MetadataValue.md("\n".join(lines) or "none")}


def comparison_metadata(compared: pl.DataFrame) -> dict[str, Any]:
    return {
        f"expected_profit_of_policy_{row['policy']}_amount": row["expected_profit_amount"]
        for row in compared.iter_rows(named=True)
    }
