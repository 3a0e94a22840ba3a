"""What cannot work ends with exit code 1 and one message that names the cause and the place: never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pipeline.conftest import Instance

HEADER = "order_id,user_id,ordered_at,amount\n"
ROW = "1,7,2026-10-01 12:00:00,9.90\n"


@pytest.fixture
def instance(tmp_path: Path, new_instance: Callable[..., Instance]) -> Instance:
    """Without a landing."""
    return new_instance(tmp_path / "home")


def land(instance: Instance, name: str, content: bytes) -> Path:
    folder = instance.landing / "orders"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    return folder / name


# What else can be wrong with a file is tested on `inspect` itself, tests/unit/landing/test_landing_inspect.py.
BROKEN = {
    "truncated": ("run", "orders.parquet", b"PAR1 and no footer", "not a readable Parquet file"),
    "latin-1": ("check", "orders.csv", (HEADER + "1,Jos\xe9,2026-10-01,1\n").encode("latin-1"), "UTF-8"),
    "no amount": ("run", "orders.csv", b"order_id,user_id,ordered_at\n1,7,2026-10-01\n", "required column amount"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_in_one_line(instance: Instance, case: str) -> None:
    command, name, content, cause = BROKEN[case]
    file = land(instance, name, content)
    done = instance.churn(command)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"Error: landing: {file}")
    assert cause in done.stderr


def test_a_missing_landing_says_where_it_should_be(instance: Instance) -> None:
    done = instance.churn("run")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert f"Error: landing: {instance.landing} is not a folder" in done.stderr


def test_a_date_that_is_no_snapshot_names_its_neighbours(instance: Instance) -> None:
    land(instance, "orders.csv", (HEADER + ROW).encode())
    done = instance.churn("run", "--snapshot", "2026-11-11")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "2026-11-11 is no snapshot" in done.stderr
    assert "2026-11-09, 2026-11-16" in done.stderr


def test_a_wrong_setting_is_named_with_its_value(instance: Instance) -> None:
    land(instance, "orders.csv", (HEADER + ROW).encode())
    (instance.home / "churn.yaml").write_text("churn: {horizon_days: soon}\n")
    done = instance.churn("run")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "churn.horizon_days" in done.stderr
    assert "'soon'" in done.stderr


def test_too_little_data_to_train_says_what_is_there_and_what_is_needed(instance: Instance) -> None:
    """In the first week of a shop no label has matured."""
    rows = [f"{n},{n % 9},2026-08-{3 + n % 7:02} 12:00:00,9.90\n" for n in range(60)]
    land(instance, "orders.csv", (HEADER + "".join(rows)).encode())
    done = instance.churn("run")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "No model at 2026-08-10. Nothing trained: 0 matured slices, 1 needed. The data are younger" in done.stdout
    assert "bring older orders into the landing" in done.stdout
    what_there_is = ("training_set", "churn_levels", "spend_model", "spend_calibration")
    assert instance.published().keys() == {("training", name, "2026-08-10") for name in what_there_is}
