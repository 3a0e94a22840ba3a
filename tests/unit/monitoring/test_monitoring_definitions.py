"""Churn definitions compared on counts that can be checked by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from churn_assets.contracts.churn_definitions import ChurnDefinitions
from churn_assets.monitoring.definition_page import definitions_page
from churn_assets.monitoring.definition_plots import agreement_png, base_rate_png, returns_png
from churn_assets.monitoring.definition_tables import text_tables
from churn_assets.monitoring.definitions import CROSS_SCHEMA, LEAD_SCHEMA, definitions_frame

SNAPSHOT = date(2026, 11, 16)
OLD, NEW = date(2026, 6, 1), date(2026, 10, 5)
NO_LEADS = pl.DataFrame(schema=LEAD_SCHEMA)


def crossed() -> pl.DataFrame:
    """OLD has been observed for 140 days, NEW for 14; no visits were recorded, and other definitions have no label."""
    columns = ("snapshot_date", "inactivity", "own_rhythm", "reduced", "observed_days", "back_days", "users")
    rows = [
        (OLD, True, True, True, 140, None, 20),
        (OLD, True, True, True, 140, 10, 10),  # came back after 10 days
        (OLD, True, False, True, 140, 28, 6),  # not within the first 28 days: that was the 29th
        (OLD, True, False, True, 140, 91, 4),  # too late to count at all
        (OLD, False, False, True, 140, 3, 10),
        (OLD, False, False, False, 140, 3, 50),
        (NEW, True, False, True, 14, 5, 30),
        (NEW, False, False, False, 14, 5, 70),
    ]
    return pl.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], schema=CROSS_SCHEMA)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    leads = pl.DataFrame(
        [("inactivity", 14, 3), ("inactivity", 28, 4), ("inactivity", None, 3), ("reduced", None, 5)],
        schema=LEAD_SCHEMA,
        orient="row",
    )
    return definitions_frame(crossed(), leads, snapshot=SNAPSHOT)


def told(frame: pl.DataFrame, **which: Any) -> tuple[int, float | None]:
    users, value = frame.filter(**which).select("users", "value").row(0)
    return users, value


def test_the_contract_holds(frame: pl.DataFrame) -> None:
    ChurnDefinitions.validate(frame, lazy=True)
    assert frame["definition"].unique().sort().to_list() == ["inactivity", "own_rhythm", "reduced"]


def test_base_rates_per_slice(frame: pl.DataFrame) -> None:
    assert told(frame, definition="inactivity", measure="base_rate", slice_date=OLD) == (100, 0.4)
    assert told(frame, definition="reduced", measure="base_rate", slice_date=OLD) == (100, 0.5)
    assert told(frame, definition="inactivity", measure="base_rate", slice_date=NEW) == (100, 0.3)


def test_returns_are_counted_in_slices_observed_for_long_enough(frame: pl.DataFrame) -> None:
    assert told(frame, definition="inactivity", measure="back_within_28d_share") == (40, 10 / 40)
    assert told(frame, definition="inactivity", measure="back_within_56d_share") == (40, 16 / 40)
    assert told(frame, definition="inactivity", measure="back_within_91d_share") == (40, 16 / 40)
    assert told(frame, definition="inactivity", measure="back_median_days") == (16, 10)


def test_lead_time_of_those_warned_before(frame: pl.DataFrame) -> None:
    assert told(frame, definition="inactivity", measure="warned_share") == (10, 0.7)
    assert told(frame, definition="inactivity", measure="lead_median_days") == (7, 28)
    assert told(frame, definition="reduced", measure="lead_median_days") == (0, None)
    assert told(frame, definition="own_rhythm", measure="warned_share") == (0, None)


def test_agreement_of_two_definitions(frame: pl.DataFrame) -> None:
    pair = {"definition": "inactivity", "compared_with": "own_rhythm"}
    assert told(frame, **pair, measure="equal_share") == (200, 0.8)  # 30 both, 130 neither
    assert told(frame, **pair, measure="jaccard") == (200, 30 / 70)
    chance = 0.35 * 0.15 + 0.65 * 0.85
    assert told(frame, **pair, measure="kappa")[1] == pytest.approx((0.8 - chance) / (1 - chance))


def test_agreement_is_the_same_both_ways(frame: pl.DataFrame) -> None:
    for measure in ("equal_share", "kappa", "jaccard"):
        there = told(frame, definition="inactivity", compared_with="reduced", measure=measure)
        assert there == told(frame, definition="reduced", compared_with="inactivity", measure=measure)


def test_where_everybody_stays_nothing_is_said_of_returns_and_kappa() -> None:
    none_left = crossed().with_columns(inactivity=pl.lit(value=False), own_rhythm=pl.lit(value=False))
    frame = definitions_frame(none_left, NO_LEADS, snapshot=SNAPSHOT)
    ChurnDefinitions.validate(frame, lazy=True)
    assert told(frame, definition="inactivity", measure="back_within_28d_share") == (0, None)
    assert told(frame, definition="inactivity", compared_with="own_rhythm", measure="kappa") == (200, None)
    assert told(frame, definition="inactivity", compared_with="own_rhythm", measure="jaccard") == (200, None)


def test_without_matured_labels_there_are_no_rows() -> None:
    frame = definitions_frame(crossed().clear(), NO_LEADS, snapshot=SNAPSHOT)
    ChurnDefinitions.validate(frame, lazy=True)
    assert frame.is_empty()


def test_tables_say_what_is_unknown_with_a_dash(frame: pl.DataFrame) -> None:
    rates, lead, agreement = text_tables(frame)
    assert rates.rows[0] == ("inactivity", "2", "40.0%", "35.0%", "30.0%", "25.0%", "40.0%", "40.0%", "10")
    assert lead.rows == (
        ("inactivity", "10", "70.0%", "28"),
        ("own_rhythm", "-", "-", "-"),
        ("reduced", "5", "0.0%", "-"),
    )
    assert agreement.rows[0][:3] == ("inactivity", "own_rhythm", "80.0%")


@pytest.mark.parametrize("draw", [base_rate_png, returns_png, agreement_png])
def test_pictures_are_drawn(frame: pl.DataFrame, draw: Any) -> None:
    assert draw(frame).startswith(b"\x89PNG")


def test_the_page_stands_alone_and_is_small(frame: pl.DataFrame) -> None:
    years = pl.concat([crossed().with_columns(snapshot_date=OLD - timedelta(days=7 * week)) for week in range(26)])
    html = definitions_page(
        definitions_frame(years, NO_LEADS, snapshot=SNAPSHOT),
        snapshot=SNAPSHOT,
        in_use="reduced",
        window="<28 days>",
        warnings={"How early": "half < 21 days"},
    )
    assert len(html) < 500_000
    assert html.count("data:image/png;base64,") == 3
    assert "http" not in html
    assert "<script" not in html
    assert "&lt;28 days&gt;" in html
    assert "How early: half &lt; 21 days." in html
    assert "<b>reduced</b>" in html
