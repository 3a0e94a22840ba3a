"""Columns that a shop's own files have besides the raw contract, and that its settings may declare as features."""

from __future__ import annotations

PREFIX = "extra_"


def is_extra(name: str) -> bool:
    """Whether a column of a raw file, or a feature made of one, is an extra column."""
    return name.startswith(PREFIX)
