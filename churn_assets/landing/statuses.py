"""Which statuses of an order count as a purchase."""

from __future__ import annotations

import re
from collections.abc import Iterable

from churn_assets.consent.words import simple
from churn_assets.contracts.blanks import BLANKS
from churn_assets.landing.text import is_among_sql, literal
from churn_assets.landing.values import simple_sql

PREFIX = "wc-"  # WooCommerce writes wc-cancelled


def simple_status(status: str) -> str:
    """Form for comparing statuses: lower case, without blanks, hyphens, underscores and WooCommerce's prefix."""
    return simple(re.sub(f"^{PREFIX}", "", status.strip(BLANKS).lower()))


def simple_status_sql(status: str) -> str:
    """SQL of `simple_status`."""
    return simple_sql(f"regexp_replace({status}, '(?i)^{PREFIX}', '')")


def is_purchase_sql(status: str, cancelled: Iterable[str], is_deletion: str = "false") -> str:
    """SQL: an order is a purchase unless its status is in `cancelled` or its row is a deletion."""
    return f"(not {is_listed_sql(status, cancelled)} and not {is_deletion})"


def is_listed_sql(status: str, words: Iterable[str]) -> str:
    """SQL: whether a status is among `words`; a word that ends with * is a prefix."""
    status_sql = simple_status_sql(status)
    exact_words = dict.fromkeys(simple_status(word) for word in words if not word.endswith("*"))
    prefix_conditions = [
        f"starts_with({status_sql}, {literal(simple_status(word[:-1]))})" for word in words if word.endswith("*")
    ]
    return f"coalesce({' or '.join([is_among_sql(status_sql, exact_words), *prefix_conditions])}, false)"
