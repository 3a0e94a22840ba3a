"""A service that is no shop: a simulated course platform, from its log of activities to scores, reasons and a report.

`python -m benchmarks.trades [--users N] [--weeks N] [--home DIR]`. Learners open and finish lessons, each at a pace of
their own; some stop for good at a time by chance, and open fewer lessons in the weeks before. The log is one CSV (who,
when, what, minutes), read by fifteen lines of mapping.yaml. Shown: what is read; among learners of the last weeks, AUC
of the scores against who really had stopped, beside that of the days since the last lesson; and words of the reasons.
"""

from __future__ import annotations

import argparse
import random  # the simulated learners
import subprocess
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import yaml
from rich.console import Console
from sklearn.metrics import roc_auc_score

import churn_assets as churn
from benchmarks.orchestration import command

END = date(2026, 11, 16)
FADING_DAYS, RECENT_DAYS = 21, 28
HEADER = "learner,at,what,minutes,course"
MAPPING = {
    "domain": {
        "trade": "course", "purchase": ["lesson finished"],
        "visits": {"lesson opened": "view", "searched": "search", "signed in": "login"},
    },
    "sources": [{"name": "platform", "files": "log.csv", "tables": {"activities": {"columns": {
        "user_id": "learner", "occurred_at": "at", "activity": "what", "value": "minutes", "product_id": "course",
    }}}}],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=3000)
    parser.add_argument("--weeks", type=int, default=60)
    parser.add_argument("--home", type=Path, help="a folder for the home, which is kept")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = chosen.home or Path(folder) / "home"
        home.mkdir(parents=True)
        stopped = log_of(home / "log.csv", chosen.users, chosen.weeks)
        (home / "mapping.yaml").write_text(yaml.safe_dump(MAPPING, sort_keys=False))
        subprocess.run(command("check", home=home), check=True)
        subprocess.run(command("run", "--snapshot", str(END), home=home), check=True)
        show(home, stopped)


def log_of(file: Path, users: int, weeks: int) -> dict[str, date]:
    """Write the log; returns who stops when, those who go on at the end of time."""
    chance = random.Random(7)  # noqa: S311 - chance, no secret
    start = END - timedelta(weeks=weeks)
    stopped: dict[str, date] = {}
    with file.open("w") as target:
        target.write(f"{HEADER}\n")
        for number in range(users):
            pace = chance.gammavariate(2, 3) + 1  # days between two evenings of learning
            first = start + timedelta(days=chance.randrange(7 * weeks - FADING_DAYS))
            lifetime = chance.expovariate(1 / 300)
            end = min(first + timedelta(days=lifetime), date(9999, 1, 1))
            stopped[f"l{number}"] = end if lifetime < 7 * weeks * 2 else date(9999, 1, 1)
            for line in _learner(chance, f"l{number}", first, stopped[f"l{number}"], pace):
                target.write(f"{line}\n")
    return stopped


def _learner(chance: random.Random, name: str, first: date, last: date, pace: float) -> list[str]:
    lines = []
    at = datetime.combine(first, datetime.min.time()) + timedelta(hours=19)
    course = f"c{chance.randrange(40)}"
    while at.date() < min(last, END):
        is_fading = (last - at.date()).days < FADING_DAYS
        evening = at + timedelta(minutes=chance.randrange(180))
        lines.append(f"{name},{evening:%Y-%m-%d %H:%M:%S},signed in,,")
        for step in range(chance.randint(1, 2) if is_fading else chance.randint(2, 6)):
            opened = evening + timedelta(minutes=1 + 9 * step)
            lines.append(f"{name},{opened:%Y-%m-%d %H:%M:%S},lesson opened,,{course}")
            if chance.random() < (0.35 if is_fading else 0.7):
                finished = opened + timedelta(minutes=8)
                lines.append(f"{name},{finished:%Y-%m-%d %H:%M:%S},lesson finished,{chance.randint(5, 25)},{course}")
        if chance.random() < 0.1:
            course = f"c{chance.randrange(40)}"
        at += timedelta(days=max(1, round(chance.expovariate(1 / pace))))
    return lines


def show(home: Path, stopped: dict[str, date]) -> None:
    opened = churn.open(home)
    scores = opened.frame("scored_users", snapshot=END)
    days = opened.features(END).select("user_id", "recency_days")
    rows = scores.join(days, on="user_id").filter(pl.col("recency_days") <= RECENT_DAYS)
    truth = [stopped[user] < END + timedelta(days=1) for user in rows["user_id"]]
    console = Console(width=120)
    console.print(f"{rows.height:,} learners of the last {RECENT_DAYS} days, of whom {sum(truth):,} stopped for good")
    for name, column in (("the scores", "churn_probability"), ("days since the last lesson", "recency_days")):
        console.print(f"AUC of {name}: {roc_auc_score(truth, rows[column]):.3f}")
    reasons = opened.frame("user_reasons", snapshot=END)
    texts = reasons.group_by("feature").agg(pl.col("text_en", "text_zh").first(), pl.len())
    for _, english, chinese, count in texts.sort("len", descending=True).head(8).iter_rows():
        console.print(f"  {count:,} times, such as: {english}  {chinese}", markup=False)


if __name__ == "__main__":
    main()
