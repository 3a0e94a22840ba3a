"""The suites on a small warehouse: a sane shop passes, each planted drift is named, the file is free afterwards."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry

from churn_assets.warehouse.expectations import BufferedDialect, SuiteResult, read_suite, run_suite

SUITES = Path(__file__).parents[2] / "expectations"
SNAPSHOT = date(2026, 11, 16)
TABLES = {"user_features": "features.user_features", "scored_users": "scoring.scored_users"}

# 300 users, orders only: 84 % churn, one in ten lapsed, one in a hundred objecting, half without an order in 28 days.
GOOD = """
CREATE SCHEMA features; CREATE SCHEMA scoring;
CREATE TABLE features.user_features AS
SELECT 'user-' || i AS user_id, snapshot_date, i % 170 AS recency_days, 1 + i % 9 AS orders_count,
  5.0 + i AS spent_amount, 100 + i AS tenure_days, i % 2 AS orders_28d, 7.5 * (i % 2) AS spent_28d_amount
FROM range(300) AS users(i), (VALUES (DATE '2026-11-09'), (DATE '2026-11-16')) AS snapshots(snapshot_date);
CREATE TABLE scoring.scored_users AS
SELECT user_id, snapshot_date,
  CASE WHEN tenure_days % 100 = 7 THEN 'objected' WHEN tenure_days % 10 = 0 THEN 'lapsed' ELSE 'eligible' END AS status,
  CASE WHEN status = 'eligible' THEN 0.78 + 0.0007 * recency_days END AS churn_probability,
  CASE WHEN status = 'eligible' THEN ['high', 'medium', 'low'][1 + tenure_days % 3] END AS risk_tier,
  churn_probability * spent_28d_amount AS value_at_risk_amount
FROM features.user_features;
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "home of 5 $HOPS & ümlaut" / "warehouse.duckdb"
    file.parent.mkdir()
    with duckdb.connect(file) as connection:
        connection.execute(GOOD)
    return file


def _run(table: str, database: Path, snapshot: date | None = SNAPSHOT) -> SuiteResult:
    return run_suite(read_suite(SUITES / f"{table}.json"), database, TABLES[table], snapshot)


def _failed(result: SuiteResult) -> list[tuple[str, str | None]]:
    return [(failure.expectation.removeprefix("expect_"), failure.column) for failure in result.failures]


@pytest.mark.parametrize("table", TABLES)
def test_a_sane_shop_passes_every_expectation(table: str, database: Path) -> None:
    result = _run(table, database)
    assert result.failures == ()
    assert result.success
    expectations = json.loads((SUITES / f"{table}.json").read_text())["expectations"]
    assert result.expectations == len(expectations)
    assert all(each["meta"]["notes"] for each in expectations), "each says what has probably happened when it fails"


@pytest.mark.parametrize(
    ("table", "drift", "named"),
    [
        ("user_features", "recency_days = 4000, tenure_days = 20000, orders_28d = 500, spent_amount = 0", [
            ("column_mean_to_be_between", "spent_amount"),
            ("column_median_to_be_between", "recency_days"),
            ("column_median_to_be_between", "tenure_days"),
            ("column_quantile_values_to_be_between", "orders_28d")]),
        ("user_features", "recency_days = NULL, orders_28d = 0", [
            ("column_max_to_be_between", "orders_28d"),
            ("column_median_to_be_between", "recency_days"),
            ("column_values_to_not_be_null", "recency_days")]),
        ("scored_users", "churn_probability = 1, risk_tier = NULL, value_at_risk_amount = NULL", [
            ("column_mean_to_be_between", "churn_probability"),
            ("column_mean_to_be_between", "value_at_risk_amount"),
            ("column_stdev_to_be_between", "churn_probability"),
            ("column_unique_value_count_to_be_between", "risk_tier"),
            ("column_values_to_not_be_null", "value_at_risk_amount")]),
        ("scored_users", "status = 'objected', value_at_risk_amount = -1", [
            ("column_mean_to_be_between", "value_at_risk_amount"),
            ("column_values_to_be_in_set", "status"),
            ("column_values_to_be_in_set", "status")]),
    ],
)  # fmt: skip
def test_a_planted_drift_is_named(table: str, drift: str, named: list[tuple[str, str]], database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute(" ".join(("UPDATE", TABLES[table], "SET", drift)))
    result = _run(table, database)
    assert not result.success
    assert _failed(result) == named


def test_another_snapshot_is_not_looked_at(database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE scoring.scored_users SET risk_tier = NULL WHERE snapshot_date = '2026-11-09'")
    assert _run("scored_users", database).success
    assert _failed(_run("scored_users", database, date(2026, 11, 9))) == [
        ("column_unique_value_count_to_be_between", "risk_tier")
    ]


def test_a_week_in_which_no_loss_is_worth_an_alarm_is_sane(database: Path) -> None:
    """Tiers are absolute: a shop whose orders all came back, or a quiet week of a small one, may have one tier only."""
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE scoring.scored_users SET risk_tier = 'small' WHERE risk_tier IS NOT NULL")
    assert _run("scored_users", database).success


def test_a_failure_says_what_was_observed_and_expected(database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE scoring.scored_users SET status = 'lapsed', churn_probability = 0.9999")
    mean, _, status = _run("scored_users", database).failures
    assert (mean.observed, mean.expected) == ("0.9999", "max_value 0.999, min_value 0.001")
    assert (status.observed, status.expected) == (
        "300 of 300 rows do not meet it",
        "mostly 0.01, value_set ['eligible']",
    )
    assert mean.sentence.startswith("churn_probability: 0.9999. Churn of public shops runs from 18 % ")


def test_a_snapshot_without_rows_fails(database: Path) -> None:
    result = _run("user_features", database, date(2026, 11, 23))
    assert ("table_row_count_to_be_between", None) in _failed(result)


def test_without_a_snapshot_all_rows_count(database: Path, tmp_path: Path) -> None:
    rule = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 601}}
    (tmp_path / "rows.json").write_text(json.dumps({"expectations": [rule]}))
    (failure,) = run_suite(read_suite(tmp_path / "rows.json"), database, TABLES["user_features"], None).failures
    assert failure.observed == "600"


def test_a_missing_column_is_a_failure_with_its_error(database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("ALTER TABLE features.user_features DROP COLUMN tenure_days")
    (failure,) = _run("user_features", database).failures
    assert failure.column == "tenure_days"
    assert failure.observed == 'Error: The column "tenure_days" in BatchData does not exist.'


def test_a_missing_relation_fails_every_expectation(database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("DROP TABLE scoring.scored_users")
    result = _run("scored_users", database)
    assert len(result.failures) == result.expectations
    assert all("Table with name scored_users does not exist" in failure.observed for failure in result.failures)


def test_the_file_is_only_read_and_free_afterwards(database: Path) -> None:
    before = database.read_bytes()
    with duckdb.connect(database, read_only=True):  # a reader of the same process is no obstacle
        assert _run("scored_users", database).success
    assert [file.name for file in database.parent.iterdir()] == ["warehouse.duckdb"]
    assert database.read_bytes() == before
    with duckdb.connect(database) as connection:
        connection.execute("CREATE TABLE written AS SELECT 1")


def test_nothing_is_printed(database: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert _run("scored_users", database).success
    assert capfd.readouterr() == ("", "")


def test_a_missing_or_broken_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    with pytest.raises(ValueError, match=r"scoring\.scored_users: no database .*; build the warehouse"):
        _run("scored_users", file)
    file.write_bytes(b"no database at all")
    with pytest.raises(ValueError, match=r"warehouse\.duckdb cannot be opened read-only: .*not a valid DuckDB"):
        _run("scored_users", file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("{", "Expecting property name"),
        ('{"name": "x", "expectations": [{"type": "expect_luck", "kwargs": {}}]}', "expect_luck"),
        ('{"name": "x", "expectations": [{"type": "expect_column_mean_to_be_between", "kwargs": {}}]}', "column"),
        ('{"name": "x"}', "expectations"),
        ('{"name": "x", "expectations": []}', "has no expectations"),
    ],
)
def test_a_broken_suite_is_refused(text: str | None, message: str, database: Path, tmp_path: Path) -> None:
    file = tmp_path / "suite.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ValueError, match=rf"(?s)suite\.json .*{message}"):
        run_suite(read_suite(file), database, TABLES["scored_users"], SNAPSHOT)


def test_results_outlive_their_connection_and_a_batch_is_not_fetched_whole(database: Path) -> None:
    registry.register("duckdb.buffered", BufferedDialect.__module__, BufferedDialect.__name__)
    engine = sa.create_engine(sa.URL.create("duckdb+buffered", database=str(database)))
    rows = sa.table("user_features", sa.column("user_id"), schema="features")
    with engine.connect() as connection:
        metric = connection.execute(sa.select(rows.c.user_id))
        batch = connection.execute(sa.text("SELECT * FROM features.user_features"))
    assert len(metric.fetchall()) == 600
    assert {"user_id", "recency_days"} <= set(batch.keys())
    assert len(batch.fetchall()) == 100
