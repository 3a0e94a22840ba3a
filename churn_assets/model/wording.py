"""Sentences for reasons in English and Chinese: label, value with its unit, and typical value.

A sentence states a value and never a cause: contributions say what the model used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.matrix import Floats

UNKNOWN_EN, UNKNOWN_ZH = "unknown", "未知"
# From here on numbers are whole: 63 days, not 63.42.
WHOLE_FROM, WHOLE_MONEY_FROM = 10, 100
HALF = 0.5  # the median of a flag may be a half


@dataclass(frozen=True)
class Unit:
    """What follows the number in each language, and the number itself: value x `scale`, below 10 with up to `decimals`,
    from 10 on whole; money with two, from 100 on whole.
    """

    en: str = ""
    zh: str = ""
    decimals: int = 2
    scale: float = 1.0
    is_money: bool = False

    @property
    def whole_from(self) -> int:
        return WHOLE_MONEY_FROM if self.is_money else WHOLE_FROM


# Other units are counts or indices, whose label names the unit: a plain number.
PLAIN, FLAG = Unit(), "flag"
UNITS = {
    "days": Unit(" days", "天", 1),
    "hours": Unit(" hours", "小时", 1),
    "seconds": Unit(" minutes", "分钟", 1, scale=1 / 60),
    "years": Unit(" years", "岁", 0),
    "share": Unit("%", "%", 1, scale=100),
    "times": Unit(" times", "倍", 1),
    "ratio": Unit("%", "%", 1, scale=100),
    "stars": Unit(" stars", "星", 1),
    "grade": Unit(" of 5", "分", 1),
    "characters": Unit(" characters", "字", 0),
    # The currency is that of orders.amount, which no table names.
    "currency": Unit(is_money=True),
    "currency per day": Unit(is_money=True),
}


def with_sentences(
    rows: pl.DataFrame, features: Sequence[Feature], typical: Mapping[str, float | None]
) -> pl.DataFrame:
    """`rows` (feature, feature_value) with `text_en` and `text_zh`, one sentence each; the order of rows is kept.

    `typical`: feature -> median, None where no value is known. Each sentence is made once: users with the same rounded
    value share it. Raises KeyError on a feature that is not among `features`.
    """
    described = {feature.name: feature for feature in features}
    named = rows["feature"].unique(maintain_order=True)
    units = [UNITS.get(described[name].unit, PLAIN) for name in named]
    formats = pl.DataFrame(
        {
            "feature": named,
            "typical": pl.Series([typical[name] for name in named], dtype=pl.Float64),
            "scale": pl.Series([unit.scale for unit in units], dtype=pl.Float64),
            "decimals": pl.Series([unit.decimals for unit in units], dtype=pl.Int64),
            "whole_from": pl.Series([unit.whole_from for unit in units], dtype=pl.Int64),
        }
    )
    rounded = rows.select("feature", "feature_value").join(formats, on="feature", how="left", maintain_order="left")
    rounded = rounded.select("feature", _rounded("feature_value").alias("value"), _rounded("typical").alias("typical"))
    distinct = rounded.unique()
    pairs = [_sentences(described[name], value, median) for name, value, median in distinct.iter_rows()]
    sentences = distinct.select(
        "feature",
        "value",
        text_en=pl.Series([en for en, _ in pairs], dtype=pl.String),
        text_zh=pl.Series([zh for _, zh in pairs], dtype=pl.String),
    )
    texts = rounded.join(sentences, on=["feature", "value"], how="left", nulls_equal=True, maintain_order="left")
    return rows.hstack(texts.select("text_en", "text_zh"))


def shown(values: Floats, features: Sequence[Feature]) -> Floats:
    """`values` (rows, features) as they stand in a sentence: equal ones cannot be told from each other by a reader."""
    as_shown = np.empty_like(values)
    for place, feature in enumerate(features):
        unit = UNITS.get(feature.unit, PLAIN)
        scaled = values[:, place] * unit.scale
        if feature.unit == FLAG:
            as_shown[:, place] = np.where(np.isnan(scaled), np.nan, scaled >= HALF)
        else:
            is_whole = (unit.decimals == 0) | (np.abs(scaled) >= unit.whole_from)
            as_shown[:, place] = np.where(is_whole, scaled.round(0), scaled.round(unit.decimals))
    return as_shown


def _rounded(column: str) -> pl.Expr:
    """The value as it is shown; adding zero makes minus zero plain zero."""
    value, decimals = pl.col(column) * pl.col("scale"), pl.col("decimals")
    is_whole = (decimals == 0) | (value.abs() >= pl.col("whole_from"))
    rounded = pl.when(is_whole).then(value.round(0))
    return rounded.when(decimals == 1).then(value.round(1)).otherwise(value.round(2)) + 0.0


def _sentences(feature: Feature, value: float | None, typical: float | None) -> tuple[str, str]:
    """English and Chinese, of rounded values."""
    (value_en, value_zh), (typical_en, typical_zh) = (_formatted(feature, number) for number in (value, typical))
    label = feature.label_en[:1].upper() + feature.label_en[1:]
    return f"{label}: {value_en} (typical: {typical_en})", f"{feature.label_zh}：{value_zh}（典型值：{typical_zh}）"


def _formatted(feature: Feature, value: float | None) -> tuple[str, str]:
    if value is None:
        return UNKNOWN_EN, UNKNOWN_ZH
    if feature.unit == FLAG:
        return ("yes", "是") if value >= HALF else ("no", "否")
    unit = UNITS.get(feature.unit, PLAIN)
    has_cents = unit.is_money and abs(value) < WHOLE_MONEY_FROM
    number = f"{value:,.2f}" if has_cents else f"{value:,.2f}".rstrip("0").rstrip(".")
    # "Days with a visit: 3", not "3 days".
    word_en = "" if unit.en and feature.label_en.startswith(unit.en.strip() + " ") else unit.en
    word_zh = "" if unit.zh and unit.zh + "数" in feature.label_zh else unit.zh
    return number + (word_en.removesuffix("s") if number == "1" else word_en), number + word_zh
