"""Runs a Great Expectations suite inside DuckDB. The rules are in `expectations/*.json`, or made of the settings
(`extra_expectations.py`), and the asset checks in the folder of each stage: no table is named here.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import duckdb_engine
from sqlalchemy import URL, NullPool, TextClause
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGExecutionContext_psycopg2
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

if TYPE_CHECKING:
    from types import ModuleType

    from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult, ExpectationValidationResult

_BATCH_ROWS = 100


@dataclass(frozen=True)
class FailedExpectation:
    """One expectation that does not hold. Aggregates only, no value of a single row. `notes`: what that means, in the
    words of the suite.
    """

    expectation: str
    column: str | None
    observed: str
    expected: str
    notes: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.column or 'rows'}: {self.observed}. {self.notes}".strip()


@dataclass(frozen=True)
class SuiteResult:
    """The result of a suite for one relation at one snapshot; failures are sorted by expectation and column.

    `validation`: as Great Expectations has it, aggregates only; its own page is made of it (report/check_pages.py).
    """

    success: bool
    expectations: int
    failures: tuple[FailedExpectation, ...]
    seconds: float
    validation: ExpectationSuiteValidationResult


@dataclass(frozen=True)
class Suite:
    """Expectations in the form of the JSON files. `source`: where they were written, for messages."""

    name: str
    source: str
    expectations: Sequence[Mapping[str, Any]]


def read_suite(file: Path) -> Suite:
    """Raises ValueError if the file is no readable suite."""
    try:
        return Suite(file.stem, str(file), json.loads(file.read_text(encoding="utf-8"))["expectations"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} is no readable suite of expectations: {error!r}") from error


def run_suite(stated: Suite, database: Path, relation: str, snapshot: date | None) -> SuiteResult:
    """Evaluates the suite on the rows of `relation` at `snapshot` (None: all rows); the database is opened read-only.

    An expectation that cannot be evaluated (no such column, no such relation) is a failure, with the error as the
    observed value. Raises ValueError if the suite or the database cannot be read. The file is closed on return.
    """
    started = time.perf_counter()
    if not database.is_file():
        raise ValueError(f"{relation}: no database {database}; build the warehouse before checking expectations")
    where = "" if snapshot is None else f" WHERE snapshot_date = DATE '{snapshot.isoformat()}'"
    with _open(database):  # held open while GX opens and closes the file for each query: 20 ms each time otherwise
        gx = _import_great_expectations()
        suite = _suite(gx, stated)
        result = _validate(gx, suite, database, f"SELECT * FROM {relation}{where}")
    failures = [_failure(each) for each in result.results if not each.success]
    failures.sort(key=lambda failure: (failure.expectation, failure.column or "", failure.expected))
    seconds = time.perf_counter() - started
    return SuiteResult(not failures, len(result.results), tuple(failures), seconds, result)


def _import_great_expectations() -> ModuleType:
    """Imported here because it takes 4 s. Its import also redirects all Python warnings to logging; this undoes it."""
    with warnings.catch_warnings():
        # 1.24 imports the standard library's sre_constants and sre_parse, deprecated since Python 3.11.
        warnings.filterwarnings("ignore", r"module 'sre_\w+' is deprecated", DeprecationWarning)
        import great_expectations as gx  # noqa: PLC0415
    return gx


def _suite(gx: ModuleType, stated: Suite) -> ExpectationSuite:
    """Built one by one: reading a whole file, GX leaves out an unknown expectation and only logs it."""
    configuration = gx.expectations.expectation_configuration.ExpectationConfiguration
    try:
        expectations = [configuration(**entry).to_domain_obj() for entry in stated.expectations]
    except (ValueError, TypeError, gx.exceptions.GreatExpectationsError) as error:
        raise ValueError(f"{stated.source} is no readable suite of expectations: {error!r}") from error
    if not expectations:
        raise ValueError(f"{stated.source} has no expectations; a suite without one would always pass")
    suite: ExpectationSuite = gx.ExpectationSuite(name=stated.name, expectations=expectations)
    return suite


def _open(database: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(database, read_only=True)
    except duckdb.Error as error:
        raise ValueError(f"{database} cannot be opened read-only: {error}") from error


def _validate(gx: ModuleType, suite: ExpectationSuite, database: Path, query: str) -> ExpectationSuiteValidationResult:
    """The context is ephemeral: nothing is written. 1.24.1 sends no telemetry; the switch keeps it so."""
    registry.register("duckdb.buffered", __name__, BufferedDialect.__name__)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = {"globally": False}
    # The URL escapes what GX would take for a substitution, such as a dollar sign in a folder's name.
    url = URL.create("duckdb+buffered", database=str(database.resolve())).render_as_string()
    source = context.data_sources.add_sql("warehouse", connection_string=url)
    batch = source.add_query_asset("rows", query=query).add_batch_definition_whole_table("all").get_batch()
    # No samples of offending rows: they may be personal.
    result_format = {"result_format": "BASIC", "partial_unexpected_count": 0}
    result: ExpectationSuiteValidationResult = batch.validate(suite, result_format=result_format)
    return result


def _failure(result: ExpectationValidationResult) -> FailedExpectation:
    config = result.expectation_config
    if config is None:
        raise ValueError(f"Great Expectations gave a result without its expectation: {result.result}")
    bounds = {name: value for name, value in sorted(config.kwargs.items()) if name not in ("batch_id", "column")}
    expected = ", ".join(f"{name} {value}" for name, value in bounds.items())
    notes = str((config.meta or {}).get("notes", ""))
    return FailedExpectation(config.type, config.kwargs.get("column"), _observed(result), expected, notes)


def _observed(result: ExpectationValidationResult) -> str:
    """The error if there was one; an aggregate to six digits (parallel sums differ in the last); or a share of rows."""
    errors = _errors(result.exception_info or {})
    if errors:
        return "; ".join(sorted(errors))
    metrics = result.result
    if "unexpected_count" in metrics:
        return f"{metrics['unexpected_count']} of {metrics['element_count']} rows do not meet it"
    value = metrics.get("observed_value")
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _errors(info: dict[str, Any]) -> set[str]:
    """First lines only. GX gives one flat entry, or one entry for each metric that failed."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return {entry["exception_message"].splitlines()[0] for entry in entries if entry["raised_exception"]}


class _BufferedContext(PGExecutionContext_psycopg2):
    """Fetches rows at once. GX reads results after it has closed the connection: unbuffered, they are empty.

    Its metrics are aggregates of a few rows. The batch's own query, the only one run as text, is run for the names of
    its columns: fetching its million rows took 2 s and 450 MB, so a few stand for all.
    """

    def post_exec(self) -> None:
        super().post_exec()  # type: ignore[no-untyped-call]
        if self.cursor.description:
            is_batch = isinstance(self.invoked_statement, TextClause)
            rows = self.cursor.fetchmany(_BATCH_ROWS) if is_batch else self.cursor.fetchall()
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, initial_buffer=rows)


class BufferedDialect(duckdb_engine.Dialect):
    """`duckdb+buffered://`: read-only, results buffered, the file closed with each connection instead of pooled."""

    execution_ctx_cls = _BufferedContext
    supports_statement_cache = False

    def connect(self, *_cargs: Any, **cparams: Any) -> Any:
        # Not the parent's: its user-agent setting is refused while the process reads the file elsewhere without it.
        return duckdb_engine.ConnectionWrapper(duckdb.connect(cparams["database"], read_only=True))

    @classmethod
    def get_pool_class(cls, url: URL) -> type[NullPool]:
        return NullPool
