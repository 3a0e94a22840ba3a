"""What is proven of many effects looked at together, and the picture of them."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import numpy as np
import polars as pl
import pytest
from PIL import Image
from scipy import stats

from churn_assets.effects.many_looks import corrected, uplift_findings
from churn_assets.effects.plots import effects_png

DAY = date(2026, 11, 16)


def test_of_36_effects_that_are_none_nothing_is_proven_where_single_intervals_name_some() -> None:
    """500 weeks of 36 looks each at nothing: by themselves 5 in 100 are named, together in 5 of 100 weeks any is."""
    rng = np.random.default_rng(7)
    by_itself = together = 0
    for _ in range(500):
        p_values = pl.Series(2 * stats.norm.sf(np.abs(rng.normal(size=36))))
        by_itself += int((p_values < 0.05).sum())
        together += bool((corrected(p_values) < 0.05).any())
    assert by_itself / (500 * 36) == pytest.approx(0.05, abs=0.01)
    assert together / 500 == pytest.approx(0.05, abs=0.025)


def test_unknown_p_values_stay_unknown_and_count_for_nothing() -> None:
    assert corrected(pl.Series([0.02, None, 0.03])).to_list() == [pytest.approx(0.03), None, pytest.approx(0.03)]
    assert corrected(pl.Series([None, None], dtype=pl.Float64)).to_list() == [None, None]
    assert corrected(pl.Series([], dtype=pl.Float64)).to_list() == []


def _comparison(*rows: tuple[str, int, float, float, float | None]) -> pl.DataFrame:
    """(treatment, fifth, effect, its standard error, p-value of differing)."""
    return pl.DataFrame(
        [(name, "retained", fifth, effect, effect - 1.96 * error, effect + 1.96 * error, p)
         for name, fifth, effect, error, p in rows],
        schema=["treatment", "metric", "fifth", "effect", "effect_low", "effect_high", "differs_p_value"], orient="row",
    )  # fmt: skip


def test_one_just_proven_by_itself_is_not_among_many_and_a_clear_one_is() -> None:
    none = [(f"arm_{number}", 0, 0.0, 0.01, 0.5) for number in range(8)]
    rows = _comparison(("borderline", 0, -0.02, 0.01, 0.04), ("clear", 0, -0.06, 0.01, 1e-6), *none)
    named = uplift_findings(rows)
    assert named.filter("differs")["treatment"].to_list() == ["clear"]
    assert named.filter("harms")["treatment"].to_list() == ["clear"]
    alone = uplift_findings(rows.filter(treatment="borderline"))
    assert alone.select("differs", "harms").row(0) == (True, True), "looked at alone, 1 in 20 is risked by one look"


def test_a_good_effect_harms_nobody_and_fifths_are_not_counted() -> None:
    rows = _comparison(("good", 0, 0.06, 0.01, 0.9), ("good", 1, -0.06, 0.01, 0.9), ("unknown", 0, 0.0, 0.01, None))
    named = uplift_findings(rows)
    assert named.height == 2
    assert not named["harms"].any()
    assert not named["differs"].any()


def _effects(rows: list[tuple[str, str, float | None, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        [("all", name, metric, effect, None if effect is None else effect - 0.02,
          None if effect is None else effect + 0.02, verdict) for name, metric, effect, verdict in rows],
        schema=["dimension", "treatment", "metric", "effect", "effect_low", "effect_high", "verdict"], orient="row",
    )  # fmt: skip


def test_the_picture_has_a_line_per_treatment_coloured_where_proven() -> None:
    drawn = effects_png(
        _effects([("coupon", "retained", 0.05, "better"), ("call", "retained", -0.05, "worse"),
                  ("coupon", "margin_amount", 0.5, "not proven"), ("call", "margin_amount", None, "unknown")])
    )  # fmt: skip
    assert drawn is not None
    pixels = np.asarray(Image.open(BytesIO(drawn)).convert("RGB"))
    for colour in ((44, 160, 44), (214, 39, 40), (127, 127, 127)):  # tab:green, tab:red, tab:gray
        assert (pixels == colour).all(axis=2).any(), colour


def test_without_a_known_effect_there_is_no_picture() -> None:
    assert effects_png(_effects([("call", "retained", None, "unknown")])) is None
