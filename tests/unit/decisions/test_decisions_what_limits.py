"""The line of the summary that says what more of would let the plan earn more."""

from __future__ import annotations

import polars as pl
import pytest

from churn_assets.decisions.summary import what_limits


def ledger(acted: int = 0, held_out: int = 0, **bound: int) -> pl.DataFrame:
    """Rows by what left them alone."""
    rows = [("coupon", None)] * acted + [("coupon", "holdout")] * held_out
    rows += [("none", word) for word, users in bound.items() for _ in range(users)]
    return pl.DataFrame(rows, schema={"intended_arm": pl.String, "binding_constraint": pl.String}, orient="row")


CASES = [
    (ledger(5, budget=3), 1.7, "1,000 more of budget", "would earn 1,700"),
    (ledger(budget=3), 2.0, "1,000 more of budget", "would earn 2,000"),
    (ledger(5), 0.0, "1,000 more of budget", "would earn 0: everybody for whom an arm pays is given one"),
    (ledger(5, small_stake=9), 0.0, "1,000 more of budget",
     "would earn 0: everybody for whom an arm pays is given one"),
    (ledger(5, no_consent=3, cool_down=2), 0.0, "1,000 more of budget", "would earn 0: no_consent limits (3 users)"),
    (ledger(5, capacity=4, no_consent=3), 0.0, "1,000 more of budget", "would earn 0: capacity limits (4 users)"),
    (ledger(held_out=2, no_consent=3), 0.0, "1,000 more of budget", "would earn 0: no_consent limits (3 users)"),
    (ledger(small_stake=9, no_gain=1), 0.0, "nobody is acted upon", "no arm pays for anybody at risk"),
    (ledger(small_stake=9, unreachable=3, no_consent=1), 0.0, "nobody is acted upon", "3 of 4 for unreachable"),
    (ledger(small_stake=9, no_consent=1200, suppressed=34), 0.0, "nobody may be written to",
     "1,200 of 1,234 without consent"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "price", "label", "told"), CASES)
def test_the_limit_that_binds_is_named(rows: pl.DataFrame, price: float, label: str, told: str) -> None:
    assert what_limits(rows, price, has_consents=True) == (label, told)


def test_a_shop_without_consents_is_told_so() -> None:
    told = what_limits(ledger(no_consent=3), 0.0, has_consents=False)
    assert told == (
        "nobody may be written to", "3 of 3 without consent (no consents table; see decisions.unknown_consent)"
    )  # fmt: skip
