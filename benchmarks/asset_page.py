"""How long a page of the Dagster UI takes in a browser when every table has as many partitions as asked for.

`python -m benchmarks.asset_page --home HOME [--partitions 520]`. HOME is copied; the newest materialisation of each
asset of training, scoring and effects, with its metadata and pictures, is told to Dagster again for every past Monday.
Then `churn ui` is started and Debian's chromium opens the page of each asset named below: seconds until its figures
stand there, once with an empty cache and five times with a warm one. The bare engine is the same page of the home
as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import yaml
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

ASSETS = {"training/model_comparison": "AUC", "training/churn_model": "model version", "scoring/scored_users": "rows"}
REPEATS = 5
SERVING = re.compile(r"on (http://127\.0\.0\.1:\d+) ")
STAGES = ("training", "scoring", "effects")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--partitions", type=int, default=520)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        print(json.dumps({"events": repeated(chosen.partitions)}))
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        shutil.copytree(chosen.home, home)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        bare = opened(browser, home)
        _calendar_from(home, chosen.partitions)
        worker = [sys.executable, "-m", "benchmarks.asset_page", "--worker", "--partitions", str(chosen.partitions)]
        homes = {"CHURN_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
        done = subprocess.run(
            [*worker, "--home", str(home)], env={**os.environ, **homes}, check=True, capture_output=True, text=True
        )
        events = json.loads(done.stdout.splitlines()[-1])["events"]
        many = opened(browser, home)
        browser.close()
    table = Table("asset", "first, s", "median, s", "worst, s", "with one partition, s", title=f"{events:,} events")
    for asset, (first, *rest) in many.items():
        plain = statistics.median(bare[asset][1:])
        table.add_row(asset, *(f"{s:.2f}" for s in (first, statistics.median(rest), max(rest), plain)))
    Console().print(table)


def _calendar_from(home: Path, partitions: int) -> None:
    file = home / "churn.yaml"
    settings = (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
    start = datetime.now(UTC).date() - timedelta(weeks=partitions + 1)
    settings["calendar"] = {**settings.get("calendar", {}), "start": start.isoformat()}
    file.write_text(yaml.safe_dump(settings))


def repeated(partitions: int) -> int:
    """Materialisations of past Mondays, as Dagster stores them; how many."""
    import dagster as dg  # noqa: PLC0415 - of the worker only

    events = 0
    with dg.DagsterInstance.get() as instance:
        for key in instance.all_asset_keys():
            last = instance.get_latest_materialization_event(key)
            if key.path[0] not in STAGES or last is None or last.asset_materialization is None:
                continue
            made = last.asset_materialization
            newest = date.fromisoformat(str(made.partition))
            for week in range(1, partitions):
                day = (newest - timedelta(weeks=partitions - week)).isoformat()
                instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day, metadata=made.metadata))
                events += 1
    return events


def opened(browser: Browser, home: Path) -> dict[str, list[float]]:
    """Seconds of each opening of each asset's page; the first has nothing in its cache."""
    seconds: dict[str, list[float]] = {}
    with served(home) as address:
        for asset, word in ASSETS.items():
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            seconds[asset] = []
            for _ in range(1 + REPEATS):
                page = context.new_page()
                started = time.perf_counter()
                page.goto(f"{address}/assets/{asset}?view=overview")
                page.get_by_text(re.compile(word)).first.wait_for(timeout=60_000)
                seconds[asset].append(time.perf_counter() - started)
                page.close()
            context.close()
    return seconds


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of `churn ui` on a home."""
    churn = [str(Path(sys.executable).with_name("churn")), "ui", "--home", str(home), "--port", "0"]
    with subprocess.Popen(churn, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lines = iter(process.stdout or ())
        line = next(lines, "")
        serving = SERVING.search(line)
        if serving is None:
            raise RuntimeError("".join([line, *lines]))
        try:
            yield serving[1]
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
