"""Great Expectations' own pages: what they say, that they load nothing and hold no value of a single row; extras."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from churn_assets.instance.home import Home
from churn_assets.report.check_pages import check_page, check_page_file, write_check_index, write_check_page
from churn_assets.settings.extra import ExtraColumn
from churn_assets.warehouse.expectations import SuiteResult, read_suite, run_suite
from churn_assets.warehouse.extra_expectations import extra_suite
from tests.assets.test_expectations import GOOD, SNAPSHOT, SUITES, TABLES

EXTRA = (
    ExtraColumn(name="extra_level", table="users", kind="category", values=("gold", "silver")),
    ExtraColumn(name="extra_points", table="orders", kind="number", aggregates=("mean",)),
)
# Four in a hundred are gold; nobody is silver; points are known of everybody, and differ.
EXTRAS = """
ALTER TABLE features.user_features ADD COLUMN extra_level_gold INTEGER;
ALTER TABLE features.user_features ADD COLUMN extra_level_silver INTEGER;
ALTER TABLE features.user_features ADD COLUMN extra_points_mean DOUBLE;
UPDATE features.user_features SET extra_level_gold = (tenure_days % 25 = 0)::INTEGER, extra_level_silver = 0,
  extra_points_mean = tenure_days / 3;
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute(GOOD)
        connection.execute(EXTRAS)
    return file


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(root=tmp_path / "home")


def _change(database: Path, statement: str) -> None:
    with duckdb.connect(database) as connection:
        connection.execute(statement)


def _evaluated(table: str, database: Path) -> SuiteResult:
    return run_suite(read_suite(SUITES / f"{table}.json"), database, TABLES[table], SNAPSHOT)


def _page(table: str, database: Path) -> str:
    return check_page(_evaluated(table, database).validation, TABLES[table], SNAPSHOT)


def _text(page: str) -> str:
    """What is read: without styles and tags, blanks as one."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).split())


def test_a_page_says_what_was_expected_what_was_seen_and_what_a_failure_means(database: Path) -> None:
    text = _text(_page("scored_users", database))
    assert "scoring.scored_users at 2026-11-16: 8 of 8 expectations hold" in text
    assert "mean must be greater than or equal to 0.001 and less than or equal to 0.999 . ≈0.8336" in text
    assert "churn_probability yes Churn of public shops runs from 18 %" in text
    assert "Status: Succeeded" in text


def test_a_failure_is_seen_on_its_page_and_in_the_index(database: Path, home: Home) -> None:
    _change(database, "UPDATE scoring.scored_users SET risk_tier = NULL, value_at_risk_amount = -1")
    for table in TABLES:
        write_check_page(home, SNAPSHOT, TABLES[table], _evaluated(table, database).validation)
    page, index = (check_page_file(home, SNAPSHOT, name) for name in ("scored_users", "index"))
    assert page is not None
    assert index is not None
    assert "6 of 8 expectations hold" in page.read_text()
    assert page.read_text().count("fa-times text-danger") == 3, "the status of the suite, and two expectations"
    assert "scored_users 8 6 user_features 7 7" in _text(index.read_text())


def test_an_expectation_that_cannot_be_evaluated_says_why_without_a_stack(database: Path) -> None:
    _change(database, "ALTER TABLE features.user_features DROP COLUMN tenure_days")
    page = _page("user_features", database)
    assert 'The column "tenure_days" in BatchData does not exist.' in page.replace("&#34;", '"').replace("&quot;", '"')
    assert "Traceback" not in page
    assert str(database.parent) not in page


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_loaded_no_script_runs_and_links_lead_somewhere(table: str, database: Path, home: Home) -> None:
    file = write_check_page(home, SNAPSHOT, TABLES[table], _evaluated(table, database).validation)
    for page in file.parent.glob("*.html"):
        content = page.read_text()
        assert "://" not in content, "no address of another server, not even of a link"
        assert not re.search(r"<(script|link|img|iframe)|\son[a-z]+=|@import|url\(", content)
        assert "default-src 'none'" in content
        for target in re.findall(r'href="([^"]*)"', content):
            anchor = target.removeprefix("#")
            there = f'id="{anchor}"' in content if target.startswith("#") else (page.parent / target).is_file()
            assert there, target


def test_no_value_of_a_single_row_is_on_a_page(database: Path) -> None:
    """Users are named, and all that can fail fails: planted words in every column that may hold words."""
    _change(
        database,
        "UPDATE scoring.scored_users SET status = 'ann@planted.example', risk_tier = 'tel-555-0199', "
        "value_at_risk_amount = NULL, churn_probability = 1",
    )
    page = _page("scored_users", database)
    assert "3 of 8 expectations hold" in page
    for planted in ("planted", "555-0199", "user-"):
        assert planted not in page


@pytest.mark.parametrize("table", TABLES)
def test_the_same_rows_give_the_same_bytes(table: str, database: Path) -> None:
    _change(database, "ALTER TABLE features.user_features DROP COLUMN tenure_days")
    assert _page(table, database) == _page(table, database)


def test_a_page_is_closed_to_others_as_a_report_is(database: Path, home: Home) -> None:
    """By the umask of the process (instance/private.py): nothing here widens it."""
    file = write_check_page(home, SNAPSHOT, "scoring.scored_users", _evaluated("scored_users", database).validation)
    report = home.reports / "snapshot_2026-11-16.html"
    report.write_text("")
    assert file.stat().st_mode == report.stat().st_mode


def test_a_snapshot_without_pages_has_an_index_that_says_why(home: Home) -> None:
    assert "None: of a run over several snapshots only the newest" in write_check_index(home, SNAPSHOT).read_text()


@pytest.mark.parametrize(
    "name", ["../snapshot_2026-11-16", "..", "", "user_features.html", "/etc/passwd", "Index", "none"]
)
def test_only_names_of_pages_are_answered(name: str, home: Home) -> None:
    write_check_index(home, SNAPSHOT)
    (home.reports / "snapshot_2026-11-16.html").write_text("a report")
    assert check_page_file(home, SNAPSHOT, name) is None
    assert check_page_file(home, date(2026, 11, 9), "index") is None


def test_features_of_extra_columns_are_expected_to_be_known_and_to_differ(database: Path, home: Home) -> None:
    suite = extra_suite(EXTRA)
    assert suite is not None
    assert {each["kwargs"]["column"] for each in suite.expectations} == {
        each.feature.name for column in EXTRA for each in column.features
    }
    result = run_suite(suite, database, "features.user_features", SNAPSHOT)
    assert [(failure.expectation, failure.column) for failure in result.failures] == [
        ("expect_column_max_to_be_between", "extra_level_silver")
    ]
    text = _text(write_check_page(home, SNAPSHOT, "features.user_features", result.validation).read_text())
    assert "extra_level_silver no Nobody has this value: users.extra_level writes it otherwise" in text


@pytest.mark.parametrize(
    ("drift", "failed"),
    [
        ("extra_points_mean = NULL", {"values_to_not_be_null", "unique_value_count_to_be_between"}),
        ("extra_points_mean = 9", {"unique_value_count_to_be_between"}),
    ],
)
def test_an_extra_number_that_stops_or_is_a_placeholder_is_named(drift: str, failed: set[str], database: Path) -> None:
    _change(database, f"UPDATE features.user_features SET {drift}")
    suite = extra_suite(EXTRA[1:])
    assert suite is not None
    failures = run_suite(suite, database, "features.user_features", SNAPSHOT).failures
    assert {failure.expectation.removeprefix("expect_column_") for failure in failures} == failed
    assert {failure.column for failure in failures} == {"extra_points_mean"}


def test_without_a_declaration_nothing_is_expected() -> None:
    assert extra_suite(()) is None
