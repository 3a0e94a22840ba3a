"""Why nothing, or only a simple model, can be learned from a training set: what was found, what that means, what to do.

Each lack has its meaning and its advice here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lack:
    """Three parts of one text; `finding` counts n of m. `is_one_sided`: of nearly all rows the outcome is the same."""

    finding: str
    meaning: str
    advice: str
    is_one_sided: bool = False

    def __str__(self) -> str:
        return f"{self.finding}. {self.meaning} {self.advice}"


def no_matured_slice() -> Lack:
    return Lack(
        "0 matured slices, 1 needed",
        "The data are younger than one label window (churn.gap_days + churn.horizon_days), so of nobody is it known "
        "whether they churned.",
        "Run again when the window has passed, bring older orders into the landing, or set a shorter "
        "churn.horizon_days.",
    )


def nobody_eligible(slices: int) -> Lack:
    return Lack(
        f"0 eligible users in {slices:,} matured slices",
        "At none of them was there a user to learn from: without a purchase in the days before "
        "(churn.active_within_days), or all of them treated or objecting.",
        "Look at the dates of the orders (churn check), or set a longer churn.active_within_days.",
    )


def few_buy_twice(again: int, users: int, rows: str) -> Lack:
    return Lack(
        f"nearly nobody buys twice here: {again:,} of {users:,} users; {rows}",
        "Who buys once only has nothing to keep up, and so churns by every definition: a probability near 1 for "
        "everybody tells no users apart.",
        "If users do come back, but later, set a longer churn.horizon_days; if orders of one user come under several "
        "ids, mend user_id. Otherwise churn is not the question to ask of this shop.",
        is_one_sided=True,
    )


def few_stay(rows: str) -> Lack:
    return Lack(
        f"nearly everybody churns: {rows}",
        "By this churn definition there are too few users who stayed to tell the others from.",
        "Set a longer churn.horizon_days, or another churn.definition: churn definitions compares them.",
        is_one_sided=True,
    )


def few_churn(rows: str) -> Lack:
    return Lack(
        f"nearly nobody churns: {rows}",
        "By this churn definition there are too few churners to learn from.",
        "Set a shorter churn.horizon_days, or another churn.definition: churn definitions compares them.",
        is_one_sided=True,
    )


def few_users(users: int, needed: int) -> Lack:
    return Lack(
        f"{users:,} eligible users in matured slices, {needed:,} needed (training.min_users)",
        "Trees would learn so few users by heart and fail on the next ones.",
        "Nothing need be done: trees are trained once there are enough users.",
    )


def few_rows(rows: str) -> Lack:
    return Lack(
        rows,
        "With so few of one outcome a model learns their accidents.",
        "Wait for more users or more matured slices, or bring older orders into the landing.",
    )


def no_older_slice(slices: int) -> Lack:
    return Lack(
        f"0 of {slices:,} matured slices are over before the newest starts",
        "No out-of-time test is possible, so how good a model is would be unknown.",
        "Run again when another label window has passed, or bring older orders into the landing.",
    )


def few_to_test(rows: int, needed: int) -> Lack:
    return Lack(
        f"{rows:,} of the {needed:,} churned and stayed rows that a test needs in the newest slice and before it",
        "How good a model is would be known too roughly.",
        "Wait for more users or more matured slices, or bring older orders into the landing.",
    )
