"""How values read: by unit, rounded, unknown, in both languages."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn_assets.contracts.feature import Feature
from churn_assets.model.wording import UNITS, shown, with_sentences


def feature(unit: str, label_en: str = "time since the last order", label_zh: str = "距上次下单时间") -> Feature:
    return Feature("f", "orders", unit, None, "rhythm", True, False, label_en, label_zh)


def sentences(made: Feature, value: float | None, typical: float | None = None) -> tuple[str, str]:
    rows = pl.DataFrame({"feature": ["f"], "feature_value": [value]}, schema_overrides={"feature_value": pl.Float64})
    row = with_sentences(rows, [made], {"f": typical}).row(0, named=True)
    return row["text_en"], row["text_zh"]


def test_a_sentence_has_label_value_and_what_is_typical() -> None:
    assert sentences(feature("days"), 63.0, 21.4) == (
        "Time since the last order: 63 days (typical: 21 days)",
        "距上次下单时间：63天（典型值：21天）",
    )


@pytest.mark.parametrize(
    ("unit", "value", "english", "chinese"),
    [
        ("days", 1.0, "1 day", "1天"),
        ("days", 0.96, "1 day", "1天"),
        ("days", 2.46, "2.5 days", "2.5天"),
        ("days", 1234.5678, "1,235 days", "1,235天"),
        ("hours", 5.24, "5.2 hours", "5.2小时"),
        ("seconds", 90.0, "1.5 minutes", "1.5分钟"),
        ("seconds", 60.0, "1 minute", "1分钟"),
        ("years", 34.0, "34 years", "34岁"),
        ("share", 0.354, "35%", "35%"),
        ("share", 0.0042, "0.4%", "0.4%"),
        ("share", 0.0, "0%", "0%"),
        ("share", 1.0, "100%", "100%"),
        ("currency", 99.95, "99.95", "99.95"),
        ("currency", 1234.5, "1,234", "1,234"),
        ("currency", 1e9, "1,000,000,000", "1,000,000,000"),
        ("currency", -250.0, "-250", "-250"),
        ("currency", 12.0, "12.00", "12.00"),
        ("currency per day", 0.333, "0.33", "0.33"),
        ("orders", 3.0, "3", "3"),
        ("orders", 10.0, "10", "10"),
        ("views", 1500.0, "1,500", "1,500"),
        ("orders", 0.431, "0.43", "0.43"),
        ("ratio", 0.5, "50%", "50%"),
        ("ratio", 1.0, "100%", "100%"),
        ("times", 8.34, "8.3 times", "8.3倍"),
        ("times", 281.0, "281 times", "281倍"),
        ("grade", 2.0, "2 of 5", "2分"),
        ("log-odds", -1.234, "-1.23", "-1.23"),
        ("ratio", -0.0001, "0%", "0%"),
        ("stars", 4.27, "4.3 stars", "4.3星"),
        ("flag", 1.0, "yes", "是"),
        ("flag", 0.0, "no", "否"),
        ("orders", None, "unknown", "未知"),
        ("days", None, "unknown", "未知"),
    ],
)
def test_values_read_by_their_unit(unit: str, value: float | None, english: str, chinese: str) -> None:
    assert sentences(feature(unit, "label", "标签"), value, value) == (
        f"Label: {english} (typical: {english})",
        f"标签：{chinese}（典型值：{chinese}）",
    )


def test_a_label_that_names_the_unit_is_not_repeated() -> None:
    assert sentences(feature("days", "days with a visit", "活跃天数"), 3.0, 5.0) == (
        "Days with a visit: 3 (typical: 5)",
        "活跃天数：3（典型值：5）",
    )
    assert sentences(feature("days", "daysail length"), 3.0, 5.0)[0] == "Daysail length: 3 days (typical: 5 days)"


def test_a_value_may_be_known_where_typical_is_not() -> None:
    assert sentences(feature("orders", "orders"), 2.0, None)[0] == "Orders: 2 (typical: unknown)"


def test_many_rows_keep_their_order_and_read_as_one_by_one() -> None:
    random = np.random.default_rng(2)
    made = [
        Feature(name, "orders", unit, None, "rhythm", True, False, name, name)
        for name, unit in (("a", "days"), ("b", "currency"), ("c", "share"))
    ]
    values = pl.Series(random.exponential(20, 600)).set(pl.Series(random.random(600) < 0.1), None)
    rows = pl.DataFrame({"feature": random.choice(["a", "b", "c"], 600), "feature_value": values, "n": range(600)})
    typical = {"a": 5.0, "b": 6.5, "c": None}
    told = with_sentences(rows, made, typical)
    assert told.drop("text_en", "text_zh").equals(rows)
    alone = pl.concat(with_sentences(rows[i], made, typical) for i in range(600))
    assert told.equals(alone)
    assert told["text_en"].n_unique() > 100


def test_no_rows_have_no_sentences() -> None:
    rows = pl.DataFrame(schema={"feature": pl.String, "feature_value": pl.Float64})
    assert with_sentences(rows, [], {}).schema["text_zh"] == pl.String


def test_a_feature_without_a_label_is_refused() -> None:
    with pytest.raises(KeyError, match="g"):
        with_sentences(pl.DataFrame({"feature": ["g"], "feature_value": [1.0]}), [feature("days")], {"g": 1.0})


UNITS_OF_NUMBERS = [*UNITS, "orders", "ratio", "log-odds"]
THOUSANDTHS = st.integers(-20_000, 20_000).map(lambda number: number / 1_000)
VALUES = st.one_of(THOUSANDTHS, st.floats(-1e9, 1e9), st.integers(-10_000, 10_000).map(float))


def values_read(made: Feature, values: list[float]) -> list[str]:
    """What the sentences state of each value, without what is typical."""
    rows = pl.DataFrame({"feature": ["f"] * len(values), "feature_value": values})
    texts = with_sentences(rows, [made], {"f": 0.0})["text_en"]
    return texts.str.extract(r": (.*) \(typical: ").to_list()


@pytest.mark.parametrize("unit", UNITS_OF_NUMBERS)
@settings(max_examples=25)
@given(values=st.lists(VALUES, min_size=1, max_size=8), steps=st.lists(THOUSANDTHS, min_size=1, max_size=3))
def test_values_are_equal_as_shown_exactly_where_sentences_read_the_same(
    unit: str, values: list[float], steps: list[float]
) -> None:
    """Each value beside others and beside itself with a little more or less: a reader cannot tell some of them."""
    made = feature(unit, "label", "标签")
    near = [value + step / 100 for value in values for step in steps]
    texts, as_shown = values_read(made, values + near), shown(np.array([values + near]).T, [made])[:, 0]
    assert (as_shown[:, None] == as_shown).tolist() == [[text == other for other in texts] for text in texts]


def test_a_flag_is_shown_as_it_reads() -> None:
    """A flag is 0 or 1, and the median of flags may be a half."""
    made = feature("flag")
    assert values_read(made, [0.0, 0.5, 1.0]) == ["no", "yes", "yes"]
    assert shown(np.array([[0.0], [0.5], [1.0]]), [made])[:, 0].tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("unit", [*UNITS_OF_NUMBERS, "flag"])
def test_what_is_unknown_is_shown_as_equal_to_nothing(unit: str) -> None:
    assert np.isnan(shown(np.array([[np.nan]]), [feature(unit)])).all()


def test_each_column_is_shown_by_its_own_unit() -> None:
    units = ["years", "share", "currency", "flag"]
    found = shown(np.array([[3.456, 0.03456, 3.456, 1.0], [34.56, 0.3456, 34.56, 0.0]]), [feature(u) for u in units])
    assert found.tolist() == [[3.0, 3.5, 3.46, 1.0], [35.0, 35.0, 34.56, 0.0]]
