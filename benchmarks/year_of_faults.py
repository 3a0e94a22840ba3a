"""A year of weekly runs with a random fault in every week, beside the same year in peace.

`python -m benchmarks.year_of_faults [--weeks 52] [--kills 300] [--seed 7]`. Two homes of one simulated shop get the
same raw files week by week. In one of them each week's first run meets a fault: it is killed or stopped at a random
moment, may write no file above a random size, gets a file of the week that is cut off, runs beside another run, or
begins after a bit of a published file or of the record was turned, or with the warehouse gone. Then a person does what
the message says. Wanted: both homes publish the same bytes, nobody saw a traceback, and nothing had to be done by hand
but what was named. With `--kills`, so many short commands are killed at random moments at the end, each followed by the
same command in peace.
"""

from __future__ import annotations

import argparse
import os
import random  # which fault, and when
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.orchestration import command

END, WEEK = date(2026, 11, 16), timedelta(days=7)
USERS, BEFORE = 400, 26  # weeks of history before the first run
RUN_SECONDS = 45  # a kill falls somewhere in them
SMALLEST, LARGEST = 1 << 18, 1 << 25  # bytes of the largest file that may be written
SETTINGS = {
    "churn": {"horizon_days": 14},
    "training": {
        "slices": 2, "slice_step_days": 14, "min_users": 50, "min_churners": 30, "min_stayers": 30, "iterations": 40,
    },
    "decisions": {"budget_amount": 45.0, "holdout_share": 0.2, "random_share": 0.2, "margin_share": 1.0},
}  # fmt: skip


@dataclass
class Year:
    """One home that lives through a year. `said`: what every command printed; `counts`: what happened."""

    home: Path
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    tracebacks: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)

    def churn(
        self, *arguments: str, limit: int | None = None, stop: tuple[signal.Signals, float] | None = None
    ) -> tuple[int, str]:
        """Exit code and output. `limit`: bytes that no file may exceed; `stop`: which signal after how many seconds."""

        def limited() -> None:
            if limit:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        process = subprocess.Popen(
            command(*arguments, home=self.home),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=limited,  # noqa: PLW1509 - no threads here
        )  # fmt: skip
        if stop:
            try:
                process.wait(stop[1])
            except subprocess.TimeoutExpired:
                process.send_signal(stop[0])
                self.counts["stopped before its end"] += 1
        output, _ = process.communicate(timeout=1800)
        if "Traceback" in output:
            self.tracebacks.append(f"churn {' '.join(arguments)}: {output[-2000:]}")
        return process.returncode, output

    def succeed(self, *arguments: str) -> None:
        code, output = self.churn(*arguments)
        if code:
            self.by_hand.append(f"churn {' '.join(arguments)} ended with {code}: {output[-1500:]}")

    def published(self) -> dict[tuple[str, str, str], str]:
        with closing(sqlite3.connect(self.home / "record.sqlite")) as connection:
            rows = connection.execute("select stage, table_name, snapshot_date, sha256 from manifest")
            return {(stage, table, day): sha256 for stage, table, day, sha256 in rows}


Fault = Callable[[Year, date, list[Path]], None]


def killed(year: Year, day: date, files: list[Path]) -> None:
    del files
    year.churn("run", "--snapshot", str(day), stop=(signal.SIGKILL, year.chance.uniform(0, RUN_SECONDS)))


def interrupted(year: Year, day: date, files: list[Path]) -> None:
    del files
    which = year.chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    year.churn("run", "--snapshot", str(day), stop=(which, year.chance.uniform(0, RUN_SECONDS)))


def out_of_disk(year: Year, day: date, files: list[Path]) -> None:
    del files
    code, _ = year.churn("run", "--snapshot", str(day), limit=year.chance.randint(SMALLEST, LARGEST))
    year.counts["runs that did without the space"] += not code


def cut_off(year: Year, day: date, files: list[Path]) -> None:
    """A file of the week that has come in part; then all of it."""
    file = year.chance.choice(files)
    whole = file.read_bytes()
    file.write_bytes(whole[: year.chance.randrange(len(whole))])
    code, _ = year.churn("run", "--snapshot", str(day))
    year.counts["files that were read though cut off"] += not code
    file.write_bytes(whole)


def twice_at_once(year: Year, day: date, files: list[Path]) -> None:
    del files
    other = subprocess.Popen(
        command("run", "--snapshot", str(day), home=year.home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(year.chance.uniform(0, 5))
    year.churn("run", "--snapshot", str(day))
    other.wait()


def damaged_file(year: Year, day: date, files: list[Path]) -> None:
    """A bit of a published file; whoever looks is told, and what can be brought back or made again is."""
    del day, files
    flip(year.chance.choice(sorted((year.home / "tables").rglob("*.parquet"))), year.chance)
    code, _ = year.churn("verify", "--files")
    year.counts["flipped bits that nobody noticed"] += not code
    year.churn("heal")
    year.churn("rebuild")


def damaged_record(year: Year, day: date, files: list[Path]) -> None:
    del files
    flip(year.home / "record.sqlite", year.chance)
    year.churn("run", "--snapshot", str(day))
    year.churn("heal")


def without_warehouse(year: Year, day: date, files: list[Path]) -> None:
    del day, files
    (year.home / "warehouse.duckdb").unlink()


FAULTS: dict[str, Fault] = {
    "killed": killed, "interrupted": interrupted, "no space": out_of_disk, "a file cut off": cut_off,
    "two runs at once": twice_at_once, "a bit of a published file": damaged_file, "a bit of the record": damaged_record,
    "the warehouse gone": without_warehouse,
}  # fmt: skip
SHORT = (
    ("approve", "--yes"), ("dispatch", "--send"), ("suppress", "USER", "--reason", "asked"), ("status",), ("report",),
    ("promote", "DAY", "--from", "DAY", "--reason", "tried"), ("rollback", "--from", "DAY", "--reason", "tried"),
    ("verify", "--files"), ("backup", "PLACE"), ("doctor", "--fix"),
)  # fmt: skip


def flip(file: Path, chance: random.Random) -> None:
    with file.open("r+b") as stream:
        at = chance.randrange(file.stat().st_size)
        stream.seek(at)
        byte = stream.read(1)[0]
        stream.seek(at)
        stream.write(bytes([byte ^ 1 << chance.randrange(8)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        calm, hostile = (Year(Path(folder) / name, random.Random(chosen.seed)) for name in ("calm", "hostile"))  # noqa: S311
        held = _shop(calm.home, Path(folder) / "held", chosen.weeks)
        shutil.copytree(calm.home, hostile.home)
        faults = _weeks(calm, hostile, held, chosen.weeks)
        _show(calm, hostile, faults)
        if chosen.kills:
            _show_kills(hostile, chosen.kills)


def _shop(home: Path, held: Path, weeks: int) -> Path:
    """A simulated shop of which the last `weeks` lie in `held` as yet."""
    home.mkdir()
    (home / "churn.yaml").write_text(yaml.safe_dump(SETTINGS))
    arguments = ("simulate", "--users", str(USERS), "--weeks", str(BEFORE + weeks), "--end", str(END))
    subprocess.run(command(*arguments, home=home), check=True, capture_output=True)
    for week in _days(weeks):
        for file in sorted((home / "landing").glob(f"*/week={week - WEEK}.parquet")):
            target = held / str(week) / file.relative_to(home / "landing")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, target)
    return held


def _days(weeks: int) -> list[date]:
    return [END - WEEK * number for number in reversed(range(weeks))]


def _weeks(calm: Year, hostile: Year, held: Path, weeks: int) -> Counter[str]:
    """The faults, counted. Both homes go on at the same time, one command each."""
    names: list[str] = []
    for number, day in enumerate(_days(weeks)):
        for year in (calm, hostile):
            shutil.copytree(held / str(day), year.home / "landing", dirs_exist_ok=True)
        with _beside(command("run", "--snapshot", str(day), home=calm.home)):
            # Every kind once before any comes again, in an order by chance.
            names = names or hostile.chance.sample(sorted(FAULTS), len(FAULTS))
            name = names.pop() if number else "none: the first week"
            files = sorted(file for file in (hostile.home / "landing").rglob(f"week={day - WEEK}.parquet"))
            if name in FAULTS:
                FAULTS[name](hostile, day, files)
            hostile.counts[name] += 1
            hostile.succeed("run", "--snapshot", str(day))
        same = calm.published() == hostile.published()
        print(f"week {number + 1}, {day}: {name}; {'the same bytes' if same else 'OTHER BYTES'}", flush=True)
    return hostile.counts


@contextmanager
def _beside(arguments: Sequence[str]) -> Iterator[None]:
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    yield
    _, error = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the run in peace failed: {error[-2000:]}")


def _show(calm: Year, hostile: Year, faults: Counter[str]) -> None:
    expected, published = calm.published(), hostile.published()
    other = sorted(key for key in expected.keys() | published.keys() if expected.get(key) != published.get(key))
    table = Table("what", "count", title="A year with a fault a week", title_justify="left")
    for name, count in sorted(faults.items()):
        table.add_row(name, str(count))
    table.add_row("partitions that are published", str(len(expected)))
    table.add_row("of them other than in peace", str(len(other)))
    table.add_row("tracebacks", str(len(hostile.tracebacks)))
    table.add_row("commands that failed in peace", str(len(hostile.by_hand)))
    Console().print(table)
    for text in (*map(str, other[:20]), *hostile.tracebacks[:5], *hostile.by_hand[:5]):
        Console().print(text, markup=False)


def _show_kills(year: Year, kills: int) -> None:
    """Short commands, killed; then the same in peace has to end well, with what it refuses for a reason among that."""
    usual: dict[tuple[str, ...], tuple[int, float]] = {}
    before, started, done = len(year.tracebacks), time.perf_counter(), Counter[str]()
    place = Path(str(year.home) + "_backups")
    for number in range(kills):
        shape = SHORT[number % len(SHORT)]
        words = {"USER": f"{number}", "DAY": str(END), "PLACE": str(place / str(number))}
        arguments = tuple(words.get(word, word) for word in shape)
        if shape not in usual:
            begun = time.perf_counter()
            code, _ = year.churn(*(words.get(word, word) + ("_usual" if word == "PLACE" else "") for word in shape))
            usual[shape] = code, time.perf_counter() - begun
        code, seconds = usual[shape]
        year.churn(*arguments, stop=(signal.SIGKILL, year.chance.uniform(0, seconds * 1.1)))
        after, output = year.churn(*arguments)
        done["killed"] += 1
        if after != code:
            done["the same again ends otherwise"] += 1
            Console().print(
                f"{' '.join(arguments)}: {code} before, {after} after a kill: {output[-600:]}", markup=False
            )
        shutil.rmtree(place, ignore_errors=True)
    code, output = year.churn("verify", "--files")
    table = Table("what", "count", title=f"{kills} kills of short commands", title_justify="left")
    for name, count in done.items():
        table.add_row(name, str(count))
    table.add_row("tracebacks", str(len(year.tracebacks) - before))
    table.add_row("everything whole at the end", "yes" if code == 0 else f"no: {output[-500:]}")
    table.add_row("minutes", f"{(time.perf_counter() - started) / 60:.0f}")
    Console().print(table)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
