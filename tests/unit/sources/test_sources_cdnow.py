"""CDNOW: an inline file that always runs, and the published figures where the file is at hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from churn_assets.settings import Settings
from churn_assets.sources import SourceError, cdnow
from tests.public_data import benchmark_file

MASTER, SAMPLE = "CDNOW_master.txt", "CDNOW_sample.txt"
LINES = (
    " 00002 19970112  5   77.00",
    " 00001 19970101  1   11.77",
    " 00002 19970112  1   12.00",
    " 00003 19970101  1    0.00",
)


def _orders(file: Path) -> pl.DataFrame:
    tables = dict(cdnow.tables(file))
    assert list(tables) == ["orders"]
    return tables["orders"].lazy().collect()


def _file(folder: Path, *lines: str) -> Path:
    file = folder / "cdnow.txt"
    file.write_text("".join(f"{line}\r\n" for line in lines))
    return file


def test_each_purchase_is_an_order_with_a_stable_id(tmp_path: Path) -> None:
    orders = _orders(_file(tmp_path, " customer_id  date number_of_cds  dollar_value", *LINES, ""))
    assert orders.rows() == [
        ("00001-19970101-1", "00001", datetime(1997, 1, 1), 11.77),
        ("00002-19970112-1", "00002", datetime(1997, 1, 12), 12.00),
        ("00002-19970112-2", "00002", datetime(1997, 1, 12), 77.00),
        ("00003-19970101-1", "00003", datetime(1997, 1, 1), 0.00),
    ]
    assert orders.schema["ordered_at"] == pl.Datetime("us")


def test_the_order_of_the_lines_changes_nothing(tmp_path: Path) -> None:
    assert _orders(_file(tmp_path, *LINES)).equals(_orders(_file(tmp_path, *reversed(LINES))))


def test_the_sample_file_is_known_by_its_fifth_column(tmp_path: Path) -> None:
    assert _orders(_file(tmp_path, " 00004 0001 19970101  2   29.33"))["order_id"].to_list() == ["00004-19970101-1"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([LINES[0], " 00001 19970101  1"], r"cdnow\.txt, line 2: 3 columns, expected 4: '00001 19970101  1'"),
        ([" 00001 19970101  1"], r"cdnow\.txt, line 1: 3 columns, expected 4 or 5:"),
        ([LINES[0], " 00001 19970231  1  2.00"], r"cdnow\.txt, line 2: .*19970231.*: day is out of range"),
        ([LINES[0], " 00001 199711  1  2.00"], r"cdnow\.txt, line 2: .*date '199711' is not YYYYMMDD"),
        ([LINES[0], " 00001 19970101  1  free"], r"cdnow\.txt, line 2: .*could not convert string to float: 'free'"),
        ([" customer_id date"], r"cdnow\.txt: no purchase in it"),
    ],
)
def test_a_broken_file_is_refused_with_its_line_and_value(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        list(cdnow.tables(_file(tmp_path, *lines)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no file .*absent\.txt; name CDNOW_master\.txt"):
        list(cdnow.tables(tmp_path / "absent.txt"))
    with pytest.raises(SourceError, match=r"no file given; name .* with --from"):
        list(cdnow.tables(None))


def test_suggested_settings_are_valid_and_hold_the_published_snapshot() -> None:
    calendar = Settings.model_validate(cdnow.SETTINGS).calendar
    assert calendar.start is not None
    assert (datetime(1998, 1, 1).date() - calendar.start).days % 7 == 0


def test_published_figures_come_out() -> None:
    orders, snapshot = _orders(benchmark_file(MASTER)), datetime(1998, 1, 1)
    stayed = orders.filter(pl.col("ordered_at").is_between(snapshot, snapshot + timedelta(90), closed="left"))
    assert orders.height == 69_659
    assert orders["order_id"].is_unique().all()
    assert orders["user_id"].n_unique() == 23_570
    assert 1 - stayed["user_id"].n_unique() / 23_570 == pytest.approx(0.838, abs=0.0005)


def test_the_sample_is_a_part_of_the_master() -> None:
    sample = _orders(benchmark_file(SAMPLE))
    assert sample.height == 6_919
    assert sample.join(_orders(benchmark_file(MASTER)), on=sample.columns, how="anti").is_empty()
