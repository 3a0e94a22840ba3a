"""What is shown of a run, by one of three steps: a line per stage, what failed, what is left at its foot."""

import contextlib
import os
import pty
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest

from churn_assets.command import progress as of_progress
from churn_assets.command.cli_class import shared
from churn_assets.command.course import Course
from churn_assets.command.progress import Progress

STAGES = {"read": "staging", "count": "staging", "train": "training"}
PAST = {"read": 30.0, "count": 30.0, "train": 60.0}


@dg.op
def read() -> None:
    """Prints what nobody should see."""
    print("noise of a library")


@dg.op(ins={"after": dg.In(dg.Nothing)})
def count() -> None:
    """Nothing."""


@dg.op(ins={"after": dg.In(dg.Nothing)}, config_schema={"fails": bool})
def train(context: dg.OpExecutionContext) -> None:
    """Fails where the configuration says so."""
    if context.op_config["fails"]:
        raise dg.Failure("Nothing trained: bring older orders.")


@dg.job
def three() -> None:
    train(count(read()))


Shown = Callable[..., str]


@pytest.fixture
def shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Shown]:
    """What a run of the job prints."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:

        def run(past: dict[str, float], *, fails: bool = False, quiet: bool = False, debug: bool = False) -> str:
            def command() -> None:
                run_id, progress = str(uuid4()), Progress()
                with progress.console.file, progress.following(instance, run_id, Course(STAGES, past)):
                    three.execute_in_process(
                        instance=instance, run_id=run_id, raise_on_error=False,
                        run_config={"ops": {"train": {"config": {"fails": fails}}}},
                    )  # fmt: skip

            shared(command)(quiet=quiet, debug=debug)
            return capfd.readouterr().out

        yield run


def test_a_line_per_stage_and_nothing_of_the_libraries(shown: Shown) -> None:
    lines = shown({}).splitlines()
    assert [line.split(" s  ")[1] for line in lines] == ["raw rows read and checked", "models trained"]
    assert [line[:11] for line in lines] == ["step 1 of 2", "step 2 of 2"]


def test_what_is_left_is_said_after_a_run_like_it(shown: Shown) -> None:
    first, last = shown(PAST).splitlines()
    assert first.endswith("raw rows read and checked, about 30 s left"), "twice as fast as then, at most"
    assert last.endswith("models trained")


def test_with_debug_every_step_stands_by_itself(shown: Shown) -> None:
    lines = shown({}, debug=True).splitlines()
    assert [line.split(" s  ")[1] for line in lines] == [
        "read", "count", "raw rows read and checked", "train", "models trained",
    ]  # fmt: skip


def test_with_quiet_only_what_failed_is_said(shown: Shown) -> None:
    assert shown(PAST, quiet=True) == ""
    failed = shown(PAST, fails=True, quiet=True)
    assert failed == "  failed  train\nNothing trained: bring older orders.\n"


def test_a_terminal_shows_the_step_and_what_is_left_at_its_foot(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(of_progress, "_terminal", lambda: os.fdopen(theirs, "w"))
    shown(PAST)
    text = _read(ours)
    os.close(ours)
    assert "step 1 of 2" in text
    assert "step 2 of 2" in text
    assert re.search(r"step \d of 2, about \d+ s left  \((read|count|train)\)", text), text


def _read(descriptor: int) -> str:
    """All that has been written to the other side."""
    os.set_blocking(descriptor, False)
    seen = b""
    with contextlib.suppress(OSError):  # all is read, and the other side closed
        while part := os.read(descriptor, 65_536):
            seen += part
    return seen.decode()
