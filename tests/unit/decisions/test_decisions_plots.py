"""The picture of a plan: of any plan, also of one that acts on nobody or leaves nobody alone."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import polars as pl
import pytest
from PIL import Image

from churn_assets.decisions.plots import plan_png

SCHEMA = ["arm", "expected_cost_amount", "expected_gain_amount", "binding_constraint"]
ACTED, ALONE, UNSAID = ("coupon", 4.0, 9.0, None), ("none", 0.0, 0.0, "no_consent"), ("none", 0.0, 0.0, None)
COST, GAIN = (31, 119, 180), (255, 127, 14)  # tab:blue, tab:orange


@pytest.mark.parametrize("rows", [[ACTED, ALONE, UNSAID], [ACTED], [ALONE], [UNSAID]])
def test_a_plan_is_drawn_whoever_is_in_it(rows: list[tuple[object, ...]]) -> None:
    ledger = pl.DataFrame(
        rows, schema=dict.fromkeys(SCHEMA, pl.String) | dict.fromkeys(SCHEMA[1:3], pl.Float64), orient="row"
    )
    pixels = np.asarray(Image.open(BytesIO(plan_png(ledger))).convert("RGB"))
    has_gain = bool((pixels[60:] == GAIN).all(axis=2).sum() > 500)
    assert has_gain == (ACTED in rows)
    assert (pixels == COST).all(axis=2).sum() > 500, "users by arm, or users left alone"
