"""The churn definitions on one page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from html import escape

import polars as pl

from churn_assets.monitoring.definition_plots import agreement_png, base_rate_png, returns_png
from churn_assets.monitoring.definition_tables import text_tables
from churn_assets.monitoring.page import page


def definitions_page(
    frame: pl.DataFrame, *, snapshot: date, in_use: str, window: str, warnings: Mapping[str, str]
) -> str:
    """HTML of the table `churn_definitions` of one snapshot; `in_use`: the definition set, `window`: label in words,
    `warnings`: sentences by title.
    """
    sentences = "".join(f"<br>{escape(title)}: {escape(sentence)}." for title, sentence in warnings.items())
    return page(
        "Churn definitions",
        "Churn definitions, side by side",
        f"As known at {snapshot}; {escape(window)}. In use: <b>{escape(in_use)}</b> (setting churn.definition)."
        f"{sentences}",
        {"base rate": base_rate_png(frame), "returns": returns_png(frame), "agreement": agreement_png(frame)},
        text_tables(frame),
    )
