"""What the command line shows of a run: a line per finished stage, the cause of a failure, and a summary."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import dagster as dg
from rich.table import Table

from churn_assets.command.cli_class import is_debugged, is_quiet
from churn_assets.command.course import Course, about
from churn_assets.command.onward import onward
from churn_assets.decisions.summary import what_limits
from churn_assets.defs.interventions.sources import arms_left_out, codes_without_use
from churn_assets.delivery.plan import newest_plan
from churn_assets.failures import next_step
from churn_assets.instance.files import rows_sha256
from churn_assets.instance.terminal import PlainConsole
from churn_assets.instance.withheld import reason_withheld, withheld_sentence
from churn_assets.model.gate import GATE_COLUMNS, data_gate
from churn_assets.monitoring.one_line import one_line
from churn_assets.monitoring.warned import lead_sentence, warned_sentence
from churn_assets.report.files import report_file
from churn_assets.stages import Stage
from churn_assets.warehouse.definition_counts import scored_past
from churn_assets.workplace import Workplace

STDOUT, STDERR = 1, 2
CLASS_OF_DAGSTER = re.compile(r"^dagster[\w.]*\.(Failure|DagsterAssetCheckFailedError): ")
INTERRUPTION = "DagsterExecutionInterruptedError"
DBT_ERRORS = "Errors parsed from dbt logs"
DBT_FAILED_ROWS = "dagster_dbt/failed_row_count"


class Progress:
    """Follows runs in this process. Meanwhile the output of dbt and the libraries goes to a log in the home."""

    def __init__(self) -> None:
        self.console = PlainConsole(file=_terminal(), highlight=False)
        self._course = Course({}, {})
        self._at_work = ""
        self._tables = 0
        self._is_interrupted = False

    def say(self, line: str) -> None:
        """What somebody wants to know who watches."""
        if not is_quiet():
            self.insist(line)

    def insist(self, line: str) -> None:
        """What is said with --quiet too."""
        self.console.print(line, markup=False, soft_wrap=True)

    def __rich__(self) -> str:
        """What stands at the foot of a terminal, worked out twice a second."""
        course, tables = self._course, f": {self._tables} tables" if self._tables else ""
        if not self._at_work:
            return "starting"
        return f"step {course.number} of {course.of}{about(course.left(time.monotonic()))}  ({self._at_work}{tables})"

    @contextlib.contextmanager
    def following(self, instance: dg.DagsterInstance, run_id: str, course: Course) -> Iterator[None]:
        """Print the events of the run as they happen. Raises KeyboardInterrupt if Dagster caught one."""
        log = Path(instance.root_directory) / f"{run_id[:8]}.log"
        self._course = course
        foot = contextlib.nullcontext() if is_quiet() else self.console.status(self, refresh_per_second=2)
        with log.open("w") as quiet, foot:
            instance.add_event_listener(run_id, self._on_event)
            with contextlib.redirect_stdout(quiet), _descriptors_to(quiet, STDOUT, STDERR):
                yield
        if self._is_interrupted:
            raise KeyboardInterrupt

    def _on_event(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        step = event.step_key or ""
        if event.event_type == dg.DagsterEventType.STEP_START:
            self._course.begin(step, time.monotonic())
            self._at_work, self._tables = _title(step), 0
        elif event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            self._tables += 1
        elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
            self._step_done(step)
        elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
            if INTERRUPTION in str(event.step_failure_data.error):
                self._is_interrupted = True
                return
            self.insist(f"  failed  {_title(step)}\n{_cause(event.step_failure_data.error)}")
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._on_check(event.asset_check_evaluation_data)

    def _step_done(self, step: str) -> None:
        seconds = self._course.end(step, time.monotonic())
        if is_debugged():
            self.say(f"  {seconds:6.1f} s  {_title(step)}")
        line = self._course.finished(step)
        if line:
            self.say(f"{line}{about(self._course.left(time.monotonic()))}")

    def _on_check(self, check: Any) -> None:
        if not check.passed:
            failed = check.metadata.get(DBT_FAILED_ROWS)  # all other metadata of dagster-dbt is about the run
            failed_rows = failed and failed.value
            rows = f"{failed_rows} rows break it" if failed_rows is not None else ""
            severity, asset = check.severity.value.lower(), check.asset_key.to_user_string()
            said = check.description or rows or "it does not hold; its figures are in the UI"
            # An error stops the run: what to do then is said in full.
            text = said if severity == "error" else one_line(said)
            tell = self.insist if severity == "error" else self.say
            tell(f"  {severity:>8}  check {asset} {check.check_name}: {text}")

    def withheld(self, workplace: Workplace, days: Sequence[date]) -> None:
        """The scores of a failed run that may not be read, one line per snapshot."""
        for day in days:
            reason = reason_withheld(workplace.record, Stage.SCORING, "scored_users", day)
            if reason:
                self.say(withheld_sentence(Stage.SCORING, "scored_users", day, reason))

    def summary(self, workplace: Workplace, day: date) -> None:
        """The figures that people look for first."""
        scored = workplace.tables.read(Stage.SCORING, "scored_users", day)
        ledger = workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", day)
        comparison = workplace.tables.read(Stage.TRAINING, "model_comparison", day)
        acted = ledger.filter(ledger["arm"] != "none")
        table = Table(title=f"Snapshot {day}", title_justify="left", show_header=False, box=None, pad_edge=False)
        for status, users in scored.group_by("status", maintain_order=True).len().sort("status").iter_rows():
            table.add_row(f"users {status}", f"{users:,}")
        for name, auc, low, high, is_shipped in comparison.select(
            "model", "auc", "auc_low", "auc_high", "is_shipped"
        ).iter_rows():
            table.add_row(f"AUC {name}", f"{auc:.3f}  [{low:.3f}, {high:.3f}]{'  shipped' if is_shipped else ''}")
        rows = workplace.tables.scan(Stage.TRAINING, "training_set", day).select(GATE_COLUMNS).collect()
        refusal = data_gate(rows, workplace.settings.training).message
        if refusal:
            table.add_row("simple model", refusal)
        warned = workplace.tables.read(Stage.TRAINING, "warned_churners", day)
        table.add_row("warned", warned_sentence(warned))
        definitions = workplace.tables.read(Stage.MONITORING, "churn_definitions", day)
        past = scored_past(workplace, day)
        table.add_row("how early", lead_sentence(definitions, workplace.settings.churn.definition, past))
        table.add_row("value at risk", f"{scored['value_at_risk_amount'].sum():,.0f}")
        table.add_row("users acted on", f"{len(acted):,}, expected cost {acted['expected_cost_amount'].sum():,.2f}")
        prices = workplace.tables.read(Stage.INTERVENTIONS, "limit_prices", day).filter(limit="budget")
        has_consents = "consents" in workplace.landing()
        table.add_row(*what_limits(ledger, prices["price_amount"].item(), has_consents=has_consents))
        for line in arms_left_out(workplace, day):
            table.add_row("arm left out", line)
        for line in codes_without_use(workplace, day):
            table.add_row("coupon codes", line)
        for reason, users in (
            ledger["binding_constraint"].drop_nulls().value_counts().sort("binding_constraint").iter_rows()
        ):
            table.add_row(f"left alone: {reason}", f"{users:,}")
        table.add_row("scored_users sha256", rows_sha256(scored))
        table.add_row("warehouse", str(workplace.home.warehouse))
        if not is_quiet():
            self.console.print(table)
        self.insist(_next(workplace, day, has_messages=bool(len(acted))))


def _next(workplace: Workplace, day: date, *, has_messages: bool) -> str:
    """Approving is of the newest plan, if there is anything to approve; the report comes before it."""
    report = report_file(workplace.home, day)
    if not report.exists():
        return onward(workplace.home.root, f"report --snapshot {day}")
    if has_messages and newest_plan(workplace) == day:
        return onward(workplace.home.root, "approve", note=f", after reading {report}")
    return onward(workplace.home.root, "status", note=f"; report {report}")


def _terminal() -> TextIO:
    """A second descriptor of the terminal, which stays when the one of stdout is redirected to a log."""
    stdout = sys.__stdout__
    assert stdout is not None, "a command line without stdout"  # noqa: S101 - cannot be
    return os.fdopen(os.dup(stdout.fileno()), "w", encoding=stdout.encoding, closefd=True)


@contextlib.contextmanager
def _descriptors_to(log: TextIO, *descriptors: int) -> Iterator[None]:
    """Redirect the output of compiled libraries too: HiGHS, for one, prints a line now and then."""
    saved = {descriptor: os.dup(descriptor) for descriptor in descriptors}
    for descriptor in descriptors:
        os.dup2(log.fileno(), descriptor)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)  # what C still holds in its buffer would come out on the terminal at the end
        for descriptor, terminal in saved.items():
            os.dup2(terminal, descriptor)
            os.close(terminal)


@contextlib.contextmanager
def output_to(file: Path) -> Iterator[None]:
    """Redirect what this process and its children print to a file; an earlier `Progress` still has the terminal."""
    with file.open("w") as log, _descriptors_to(log, STDOUT, STDERR):
        yield


def _title(step: str) -> str:
    return step.replace("__", ".")


def _cause(error: Any) -> str:
    """The innermost message, without the stack."""
    while error.cause is not None:
        error = error.cause
    message = CLASS_OF_DAGSTER.sub("", str(error.message).strip())
    # dagster-dbt begins with the whole command, variables included: kilobytes before the cause.
    message = message[message.find(DBT_ERRORS) :] if DBT_ERRORS in message else message
    step = next_step(message)
    return f"{message}\n  {step[0].upper()}{step[1:]}." if step and step not in message else message
