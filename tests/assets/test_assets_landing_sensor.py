"""Files that arrive or change launch the snapshots that they touch, and no others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import yaml

from churn_assets.definitions import defs
from churn_assets.defs.landing_sensor import DESCRIPTION, landing_sensor
from churn_assets.defs.partitions import CALENDAR
from churn_assets.landing.touched import note_read
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

DAYS = CALENDAR.calendar.dates()
NEWEST = DAYS[-1]
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@cache
def repository() -> dg.RepositoryDefinition:
    return defs().get_repository_def()


class Looks:
    """The sensor looking again and again, as the daemon lets it."""

    def __init__(self, workplace: Workplace, running: bool = False) -> None:
        self.workplace, self.running = workplace, running
        self.cursor: str | None = None
        self.tags: list[dict[str, str]] = []

    def look(self) -> list[tuple[str, str]] | str:
        """First and last snapshot of each run that is launched, or the reason to skip."""
        with (
            dg.DagsterInstance.ephemeral() as instance,
            dg.build_sensor_context(
                instance=instance,
                cursor=self.cursor,
                repository_def=repository(),
                resources={"workplace": self.workplace},
            ) as context,
        ):
            if self.running:
                instance.add_run(dg.DagsterRun("snapshot_job", "0" * 32, status=dg.DagsterRunStatus.STARTED))
            told = landing_sensor.evaluate_tick(context)
        self.cursor = told.cursor
        requests = told.run_requests or []
        self.tags = [dict(each.tags) for each in requests]
        ranges = [
            (each.partition_key, each.partition_key) if each.partition_key else (each.tags[START], each.tags[END])
            for each in requests
        ]
        return ranges or str(told.skip_message)


def deliver(workplace: Workplace, name: str, day: date | str, table: str = "orders") -> None:
    folder = Path(workplace.home.landing) / table
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    before = file.stat().st_mtime_ns if file.exists() else 0
    lines = {
        "orders": f"order_id,user_id,ordered_at,amount\n{name},7,{day},9.9\n",
        "order_items": "order_id,product_id,quantity,amount\n1,p1,1,9.9\n",
    }
    file.write_text(lines[table])
    if before:
        os.utime(file, ns=(before + 10**9, before + 10**9))


def make(workplace: Workplace, days: Sequence[date]) -> None:
    for day in days:
        workplace.tables.publish(Stage.SCORING, "scored_users", day, pl.DataFrame({"user_id": ["7"]}))


@pytest.fixture
def sensor(workplace: Workplace) -> Looks:
    """With six snapshots made, one of the calendar left out, and a landing that it has seen."""
    deliver(workplace, "1.csv", "2025-01-01")
    make(workplace, [*DAYS[-7:-4], *DAYS[-3:]])
    looks = Looks(workplace)
    assert (
        looks.look()
        == "1 files are new or have changed; they touch no snapshot that is made, and count at the next one"
    )
    return looks


def test_before_the_first_file_and_without_news_nothing_runs(workplace: Workplace) -> None:
    looks = Looks(workplace)
    assert looks.look() == "no files in the landing yet"
    deliver(workplace, "1.csv", "2025-01-01")
    assert looks.look() == [(str(NEWEST), str(NEWEST))], "it is not made"
    assert looks.look() == "nothing new in the landing"
    (Path(workplace.home.landing) / "orders" / "notes.txt").write_text("no raw table")
    assert looks.look() == "nothing new in the landing"


def test_a_late_file_touches_the_snapshots_after_its_first_row(sensor: Looks) -> None:
    deliver(sensor.workplace, "2.csv", DAYS[-3] + timedelta(days=1))
    assert sensor.look() == [(str(DAYS[-2]), str(NEWEST))]
    assert sensor.tags[0]["churn/landing_files"] == "1"
    deliver(sensor.workplace, "2.csv", datetime.combine(DAYS[-2], datetime.min.time()))
    assert sensor.look() == [(str(NEWEST), str(NEWEST))], (
        "what is known at the very moment of a snapshot comes after it"
    )
    deliver(sensor.workplace, "3.csv", NEWEST)
    assert "they touch no snapshot that is made, and count at the next one" in sensor.look()


def test_an_old_file_that_changes_touches_the_newest_of_many_and_says_which_are_left(sensor: Looks) -> None:
    deliver(sensor.workplace, "1.csv", "2025-02-01")
    assert sensor.look() == [(str(DAYS[-5]), str(DAYS[-5])), (str(DAYS[-3]), str(NEWEST))], "a run for each part"
    left = f"2: churn backfill --from {DAYS[-7]} --to {DAYS[-6]}"
    assert {each["churn/older_touched"] for each in sensor.tags} == {left}
    sensor.workplace.home.settings_file.write_text(yaml.safe_dump({"monitoring": {"rerun_snapshots": 0}}))
    sensor.workplace = Workplace(home_path=str(sensor.workplace.home.root))
    deliver(sensor.workplace, "1.csv", "2025-03-01")
    assert "which monitoring.rerun_snapshots leaves to you (6: churn backfill" in sensor.look()


def test_rows_without_a_time_are_known_with_what_they_belong_to(sensor: Looks) -> None:
    deliver(sensor.workplace, "1.csv", "", "order_items")
    assert "they touch no snapshot that is made" in sensor.look()


def test_what_the_last_run_was_made_of_is_no_news(sensor: Looks) -> None:
    """A run that pulls its own rows, or one by hand after a file has come."""
    workplace = sensor.workplace
    deliver(workplace, "pulled.csv", DAYS[-2])
    note_read(workplace.home, [NEWEST], datetime.now(UTC).replace(tzinfo=None))
    assert sensor.look() == [(str(NEWEST), str(NEWEST))], "the run that has read it did not come to its end"
    deliver(workplace, "pulled.csv", DAYS[-2])
    note_read(workplace.home, [NEWEST], datetime.now(UTC).replace(tzinfo=None))
    make(workplace, [NEWEST])
    assert "touch no snapshot that is made" in sensor.look()
    deliver(workplace, "later.csv", DAYS[-2])
    assert sensor.look() == [(str(NEWEST), str(NEWEST))], "a file that the run has not read"


def test_a_file_that_is_gone_is_said(sensor: Looks) -> None:
    deliver(sensor.workplace, "2.csv", NEWEST)
    sensor.look()
    (Path(sensor.workplace.home.landing) / "orders" / "2.csv").unlink()
    assert "0 files are new or have changed, 1 are gone" in sensor.look()


def test_it_waits_while_a_run_is_at_work(sensor: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("churn_assets.instance.run_locks.is_held", lambda _: True)
    deliver(sensor.workplace, "2.csv", DAYS[-2])
    sensor.running = True
    assert sensor.look() == "1 files are new or have changed; a run is at work, so they wait for its end"
    sensor.running = False
    assert sensor.look() == [(str(NEWEST), str(NEWEST))]


def test_a_landing_that_cannot_be_read_launches_nothing_and_is_looked_at_again(sensor: Looks) -> None:
    folder = Path(sensor.workplace.home.landing) / "orders"
    (folder / "2.csv").write_text("something,else\n1,2\n")
    assert "the landing cannot be read: " in sensor.look()
    deliver(sensor.workplace, "2.csv", DAYS[-2])
    assert sensor.look() == [(str(NEWEST), str(NEWEST))]


def test_the_ui_says_what_it_does() -> None:
    assert landing_sensor.description == DESCRIPTION
    assert landing_sensor.default_status == dg.DefaultSensorStatus.STOPPED
