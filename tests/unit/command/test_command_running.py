"""What a run leaves behind in its process."""

from __future__ import annotations

import gc
from datetime import date
from typing import Any

import pytest

from churn_assets.command.running import _execute


class Interrupted:
    """A job that somebody stops."""

    def execute_in_process(self, **_: Any) -> None:
        assert gc.get_freeze_count() > 0, "what was imported is not looked through again"
        raise KeyboardInterrupt


def test_nothing_stays_frozen_after_a_run() -> None:
    """DuckDB reports at the end of the process what is frozen then as leaked: 40 lines on stderr (2.0, 2026-11)."""
    job: Any = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        _execute(job, Any, "run", [date(2026, 11, 16)], [])  # type: ignore[arg-type]  # no instance is asked
    assert gc.get_freeze_count() == 0
