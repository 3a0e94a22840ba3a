"""What a home holds, what is due in it, and what is at work in it, in lines for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from churn_assets.doctor.machine import this_machine
from churn_assets.doctor.on_work import due_snapshot
from churn_assets.doctor.scene import Scene
from churn_assets.instance.known_backups import NEWEST, newest_of
from churn_assets.instance.record.schema import MIGRATIONS
from churn_assets.instance.run_locks import is_held

AT_WORK = {"dispatch.lock": "a dispatch", "tuning.lock": "a search for parameters", "ui.lock": "the UI"}


@dataclass(frozen=True)
class Status:
    """Each a list of sentences; an empty one says that there is nothing."""

    exists: Sequence[str]
    due: Sequence[str]
    runs: Sequence[str]


def status(root: Path) -> Status:
    """The status of the home at `root`, which exists. Nothing is changed."""
    scene = Scene(root, this_machine(root))
    return Status(_exists(scene), _due(scene), _runs(scene))


def _exists(scene: Scene) -> list[str]:
    lines = []
    if scene.reach:
        lines.append(f"raw tables in {scene.home.landing}, orders up to {scene.reach:%Y-%m-%d}")
    if scene.scored:
        lines.append(f"{len(scene.scored)} snapshots with scores, from {scene.scored[0]} to {scene.scored[-1]}")
    if scene.partitions:
        size = sum(each.bytes for each in scene.partitions)
        tables = {(each.stage, each.table) for each in scene.partitions}
        sealed = sum(each.is_sealed for each in scene.partitions)
        lines.append(
            f"{len(scene.partitions)} partitions of {len(tables)} tables, {size / 1e6:,.1f} MB, {sealed} of them sealed"
        )
    champion = scene.rows(
        "select champion_snapshot_date, model_version from model_promotions order by snapshot_date desc, sequence desc "
        "limit 1"
    )
    lines += [f"champion: the model trained at {day} ({version})" for day, version in champion]
    counts = scene.rows("select state, count(*) from outbox group by 1 order by 1")
    if counts:
        lines.append("messages: " + ", ".join(f"{count} {state}" for state, count in counts))
    backup = newest_of(scene.fact(NEWEST))
    if backup:
        lines.append(f"newest backup: {backup.at:%Y-%m-%d} in {backup.folder}")
    return lines


def _due(scene: Scene) -> list[str]:
    if isinstance(scene.schema, int) and scene.schema != MIGRATIONS[-1].number:
        # Nothing else of the record is known before that.
        return [f"the record has schema {scene.schema}, this release {MIGRATIONS[-1].number}: churn doctor says more"]
    lines = []
    day = due_snapshot(scene)
    if day:
        lines.append(f"snapshot {day}: churn run")
    elif scene.reach and not scene.scored:
        lines.append("the first snapshot: churn run")
    now = scene.now.strftime("%Y-%m-%d %H:%M:%S.%f")
    open_states = ("planned", "to be approved: churn approve"), ("approved", "to be sent: churn dispatch --send")
    for state, step in open_states:
        rows = scene.rows(f"select count(*) from outbox where state = '{state}' and expires_at > '{now}'")
        if rows and rows[0][0]:
            lines.append(f"{rows[0][0]} messages {step}")
    pending = scene.root / "erasure-pending.json"
    if pending.exists():
        lines.append("an interrupted erasure: churn erase USER")
    return lines


def _runs(scene: Scene) -> list[str]:
    locks = scene.home.locks
    lines = [f"run {run[:8]}" for run in scene.live_runs]
    return lines + [name for lock, name in AT_WORK.items() if is_held(locks / lock)]
