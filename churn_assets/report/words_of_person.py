"""What is said of one user, in words that the terminal and the console share."""

from __future__ import annotations

from datetime import datetime, timedelta

from churn_assets.catalogue.arms import treatment_of
from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.report import names
from churn_assets.report.language import Words
from churn_assets.report.names import named
from churn_assets.report.person import Person, ScoredWeek

OBSTACLES = {
    "other_tier": "not for users of this risk tier",
    "other_reason": "answers none of this user's reasons",
    "below_minimum": "too little at stake for this arm",
    "no_gain": "would not pay",
}
AFTER = timedelta(days=28)


def decision_in_words(week: ScoredWeek, t: Words) -> str:
    """What was decided; nothing where nothing was."""
    decision = week.decision
    if decision is None:
        return ""
    if decision["arm"] == NO_ARM:
        return named(t, names.LEFT_ALONE, decision["binding_constraint"] or "no_gain")
    by_chance = ", by chance" if decision["is_exploration"] else ""
    return f"{treatment_of(decision['arm'], decision['level'])} by {decision['channel']}{by_chance}"


def obstacle_in_words(obstacle: str | None, t: Words) -> str:
    """What stands in the way of an option."""
    if obstacle is None:
        return "nothing"
    return OBSTACLES.get(obstacle) or named(t, names.LEFT_ALONE, obstacle)


def bought_after(person: Person, sent_at: str | None) -> str:
    """Orders in the four weeks after a message, whatever their cause."""
    if sent_at is None:
        return ""
    sent = datetime.fromisoformat(sent_at)
    orders = sum(sent <= row["ordered_at"] < sent + AFTER for row in person.orders)
    return f"{orders} orders" if orders else "nothing"
