"""What is expected of the features made of the extra columns that the settings declare (`features.extra`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from churn_assets.settings.extra import ExtraColumn
from churn_assets.warehouse.expectations import Suite

NAME = "extra_columns"
LEAST_KNOWN_SHARE = 0.001  # a level that was brought in last week is known of few users


def extra_suite(extra: Sequence[ExtraColumn]) -> Suite | None:
    """Two expectations per feature, on features.user_features; None where nothing is declared."""
    expectations = [expectation for column in extra for expectation in _of_column(column)]
    return Suite(NAME, "features.extra", expectations) if expectations else None


def _of_column(column: ExtraColumn) -> Iterator[dict[str, Any]]:
    named = f"{column.table}.{column.name}"
    for each in column.features:
        feature = each.feature.name
        yield {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": feature, "mostly": LEAST_KNOWN_SHARE},
            "meta": {
                "notes": f"Known of under one user in a thousand: {named} has stopped arriving, or cannot be read."
            },
        }
        if each.word is None:
            yield {
                "type": "expect_column_unique_value_count_to_be_between",
                "kwargs": {"column": feature, "min_value": 2},
                "meta": {"notes": f"One number for everybody tells nothing: {named} holds a placeholder."},
            }
        else:
            yield {
                "type": "expect_column_max_to_be_between",
                "kwargs": {"column": feature, "min_value": 0, "strict_min": True},
                "meta": {
                    "notes": f"Nobody has this value: {named} writes it otherwise than features.extra, or not any more."
                },
            }
