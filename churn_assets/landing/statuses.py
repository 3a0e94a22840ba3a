"""What an order's status counts as."""

from __future__ import annotations

import re
from collections.abc import Iterable

from churn_assets.consent.words import simple
from churn_assets.contracts.blanks import BLANKS
from churn_assets.landing.text import is_among_sql, literal
from churn_assets.landing.values import simple_sql

PREFIX = "wc-"  # WooCommerce writes wc-cancelled


def simple_status(status: str) -> str:
    """As statuses are compared: lower case, without blanks, hyphens, underscores and WooCommerce's prefix."""
    return simple(re.sub(f"^{PREFIX}", "", status.strip(BLANKS).lower()))


def simple_status_sql(status: str) -> str:
    """The same in SQL."""
    return simple_sql(f"regexp_replace({status}, '(?i)^{PREFIX}', '')")


def is_purchase_sql(status: str, cancelled: Iterable[str], is_deletion: str = "false") -> str:
    """SQL: every order is a purchase whose status does not say otherwise, or that has none."""
    return f"(not {is_listed_sql(status, cancelled)} and not {is_deletion})"


def is_listed_sql(status: str, words: Iterable[str]) -> str:
    """SQL: whether a status is among `words`, of which one that ends with * stands for all that begin so."""
    said = simple_status_sql(status)
    whole = dict.fromkeys(simple_status(word) for word in words if not word.endswith("*"))
    begins = [f"starts_with({said}, {literal(simple_status(word[:-1]))})" for word in words if word.endswith("*")]
    return f"coalesce({' or '.join([is_among_sql(said, whole), *begins])}, false)"
