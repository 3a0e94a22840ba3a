"""Figures as the UI shows them: words, units, digits; and pictures of a size that 520 snapshots can bear."""

from __future__ import annotations

import base64
from decimal import Decimal
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from churn_assets.contracts.performance_estimates import METRICS as ESTIMATED
from churn_assets.defs.pictures import picture
from churn_assets.defs.plain import METRICS, plain, rounded

MOST_BYTES = 40_000


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("expected_cost_amount", 975.2599999, ("expected cost (EUR)", 975.3)),
        ("churned_share", 0.59142401, ("churned (%)", 59.14)),
        ("same_reason_share", 1, ("same reason (%)", 100.0)),
        ("age_days", 140, ("age (days)", 140)),
        ("built_in_seconds", 0.434614, ("built in (s)", 0.4346)),
        ("users_acted_on", 414, ("users acted on", 414)),
        ("is_learned", True, ("is learned", True)),
        ("worst", "recency_days 0.273", ("worst", "recency_days 0.273")),
        ("dagster/row_count", 12345, ("dagster/row_count", 12345)),
        (METRICS["ece"], 0.0183994, ("calibration error (%)", 1.84)),
        ("AUC", 0.787889375, ("AUC", 0.7879)),
    ],
)
def test_a_figure_is_shown_in_words_with_its_unit(name: str, value: object, shown: tuple[str, object]) -> None:
    assert plain({name: value}, "EUR") == dict([shown])


def test_without_a_currency_the_unit_says_whose() -> None:
    assert plain({"budget_amount": 45.0}) == {"budget (currency of orders)": 45.0}


@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_four_digits_are_left_and_nothing_else_is_changed(value: float) -> None:
    result = rounded(value)
    assert len(Decimal(repr(result)).normalize().as_tuple().digits) <= 4
    assert result == pytest.approx(value, rel=5.1e-4, abs=0)


def test_every_measure_that_is_estimated_has_a_name() -> None:
    assert set(ESTIMATED) <= set(METRICS)


def test_a_picture_is_reduced_and_still_shows_its_lines() -> None:
    figure = Figure(figsize=(5, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    rng = np.random.default_rng(0)
    for name in range(8):
        axes.plot(rng.normal(size=200).cumsum(), label=str(name))
    axes.legend()
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    text = picture("walks", buffer.getvalue()).value
    assert text.startswith("![walks](data:image/png;base64,")
    assert len(text) < MOST_BYTES < 4 * len(buffer.getvalue()) / 3
    drawn = Image.open(BytesIO(base64.b64decode(text.split("base64,")[1].rstrip(")")))).convert("RGB")
    before = Image.open(BytesIO(buffer.getvalue())).convert("RGB")
    assert drawn.size == before.size
    for name in ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown"):
        colour = np.array([round(255 * part) for part in to_rgb(name)])
        is_line = (np.asarray(before) == colour).all(axis=2)
        assert is_line.any()
        assert np.abs(np.asarray(drawn, dtype=int)[is_line] - colour).max() <= 2, f"{name} tells a model from another"
