"""Which version of a row counted at a moment: the owner of that rule for SQL in Python.

In dbt the rule is the macro `counted_at` (dbt_project/macros/time.sql); a test holds the two against each other.
"""

from __future__ import annotations


def counted_at(moment: str = "$snapshot", row: str = "") -> str:
    """SQL, true for the version that was known before `moment` and not replaced by then. `row`: alias of the mart."""
    prefix = f"{row}." if row else ""
    return f"{prefix}known_at < {moment} and ({prefix}superseded_at is null or {prefix}superseded_at >= {moment})"
