"""How far a run has come, and how long it will still take: by the durations of the steps of the last one like it.

A unit of progress is a stage. What Dagster calls a step (an asset, a check) is a part of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_shared.serdes.errors import DeserializationError

from churn_assets.stages import ORDER, Stage

WORDS: Mapping[str, str] = {
    Stage.RAW: "raw rows seen", Stage.STAGING: "raw rows read and checked", Stage.MARTS: "marts and features built",
    Stage.FEATURES: "features checked", Stage.TRAINING: "models trained", Stage.SCORING: "users scored",
    Stage.INTERVENTIONS: "messages decided", Stage.EFFECTS: "effects measured",
    Stage.MONITORING: "drift, fairness and report",
}  # fmt: skip
LIKE = 1.5  # a run over so many times more or fewer snapshots says little about this one
SLOWEST, FASTEST = 3.0, 0.5  # of what is done already against last time: other work on the machine, other data
DAMPING_SECONDS = 15.0  # at the pace of the last run: the first steps say little about the others
LOOKED_THROUGH = 20  # newest runs among which one like this is looked for
MINUTE, FEW = 60.0, 10.0
SNAPSHOTS_TAG = "churn/snapshots"  # how many a run makes


class Course:
    """The steps of one run, each with its stage. `past`: seconds of each step last time, empty without a last time."""

    def __init__(self, stages: Mapping[str, str], past: Mapping[str, float]) -> None:
        self._stages, self._past = stages, past
        self._open = Counter(stages.values())
        self._seconds: Counter[str] = Counter()
        self._begun: dict[str, float] = {}
        self._done: dict[str, float] = {}
        self.of = len(self._open)

    @property
    def number(self) -> int:
        """The unit that is at work, from 1."""
        return min(self.of - len(self._open) + 1, self.of)

    def begin(self, step: str, now: float) -> None:
        """A step begins at `now`, in seconds of any clock."""
        self._begun[step] = now

    def end(self, step: str, now: float) -> float:
        """A step ends; returns its seconds."""
        self._done[step] = now - self._begun.pop(step, now)
        return self._done[step]

    def finished(self, step: str) -> str | None:
        """The line about a unit whose last step was this one."""
        stage = self._stages.get(step)
        if stage is None:
            return None
        self._seconds[stage] += self._done[step]  # type: ignore[assignment]  # a Counter of seconds
        self._open[stage] -= 1
        if self._open[stage]:
            return None
        number = self.number
        del self._open[stage]
        return f"step {number} of {self.of}  {self._seconds[stage]:6.1f} s  {WORDS[stage]}"

    def left(self, now: float) -> float | None:
        """Seconds that the run will still take; None at its end, and where no run like it was made before."""
        known = [step for step in self._stages if step in self._past]
        if not (known and self._open):
            return None
        before = sum(self._past[step] for step in known if step in self._done)
        spent = sum(self._done[step] for step in known if step in self._done)
        pace = min(SLOWEST, max(FASTEST, (spent + DAMPING_SECONDS) / (before + DAMPING_SECONDS)))
        begun = {step: now - at for step, at in self._begun.items()}
        return sum(max(0.0, pace * self._past[step] - begun.get(step, 0.0)) for step in known if step not in self._done)


def about(seconds: float | None) -> str:
    """`, about 40 s left`; nothing where nobody knows."""
    if seconds is None:
        return ""
    if seconds < FEW:
        return ", a few seconds left"
    if seconds < 2 * MINUTE:
        return f", about {round(seconds, -1):.0f} s left"
    return f", about {seconds / MINUTE:.0f} min left"


def stages_of(repository: dg.RepositoryDefinition, job: dg.JobDefinition) -> dict[str, str]:
    """The stage of each step of a job: that of most of its tables or checks."""
    stages = {}
    for each in repository.asset_graph.assets_defs:
        keys = [*each.keys, *(check.asset_key for check in each.check_keys)]
        counted = Counter(key.path[0] for key in keys if key.path[0] in ORDER)
        if counted and each.is_executable:
            stages[each.node_def.name] = counted.most_common(1)[0][0]
    return {node.name: stages[node.name] for node in job.graph.nodes if node.name in stages}


def past_seconds(instance: dg.DagsterInstance, job: str, snapshots: int) -> dict[str, float]:
    """Seconds of each step of the newest finished run over about as many snapshots; empty without one, and where a past
    run cannot be read: what is left to estimate from stops no run.
    """
    finished = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS])
    try:
        records = instance.get_run_records(finished, limit=LOOKED_THROUGH)
    except (ValueError, DeserializationError):  # text that is no JSON, or no run of this release of Dagster
        return {}
    for record in records:
        tags = record.dagster_run.tags
        count = int(tags.get(SNAPSHOTS_TAG, "dagster/partition" in tags))
        if count and 1 / LIKE <= count / snapshots <= LIKE:
            return _seconds(instance.get_run_step_stats(record.dagster_run.run_id))
    return {}


def _seconds(steps: Any) -> dict[str, float]:
    return {each.step_key: each.end_time - each.start_time for each in steps if each.start_time and each.end_time}
