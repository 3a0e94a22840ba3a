"""How far a run has come: units that people know, and what is left by the last run and the pace of this one."""

from __future__ import annotations

import pytest

from churn_assets.command.course import WORDS, Course, about
from churn_assets.stages import ORDER

STAGES = {"read": "staging", "count": "staging", "train": "training", "score": "scoring", "note": "training"}
PAST = {"read": 20.0, "count": 10.0, "train": 40.0, "score": 5.0, "note": 5.0}


def test_every_stage_has_words() -> None:
    assert tuple(WORDS) == ORDER


def test_a_unit_is_told_when_its_last_step_has_ended_whatever_comes_between() -> None:
    course, now, lines = Course(STAGES, {}), 0.0, []
    assert (course.number, course.of) == (1, 3)
    for step in ("read", "train", "count", "score", "note"):
        course.begin(step, now)
        now += 10
        assert course.end(step, now) == 10
        lines.append(course.finished(step))
    assert lines == [
        None, None, "step 1 of 3    20.0 s  raw rows read and checked", "step 2 of 3    10.0 s  users scored",
        "step 3 of 3    20.0 s  models trained",
    ]  # fmt: skip
    assert course.number == 3


def test_without_a_last_time_nothing_is_said_of_what_is_left() -> None:
    course = Course(STAGES, {})
    course.begin("read", 0.0)
    assert course.left(5.0) is None
    assert about(None) == ""


def test_what_is_left_shrinks_within_a_step_and_follows_the_pace() -> None:
    course = Course(STAGES, PAST)
    assert course.left(0.0) == pytest.approx(80)
    course.begin("read", 0.0)
    assert course.left(15.0) == pytest.approx(65)
    assert course.left(99.0) == pytest.approx(60), "a step that takes longer than last time makes nothing negative"
    course.end("read", 40.0)  # twice as long as last time
    assert course.left(40.0) == pytest.approx(60 * (40 + 15) / (20 + 15)), "damped"
    course.begin("count", 40.0)
    course.end("count", 400.0)
    assert course.left(400.0) == pytest.approx(3 * 50), "at most three times"


def test_a_step_that_last_time_had_not_is_not_guessed() -> None:
    course = Course({**STAGES, "new": "effects"}, PAST)
    assert course.left(0.0) == pytest.approx(80)
    assert (course.finished("unheard"), course.of) == (None, 4)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, ", a few seconds left"), (44, ", about 40 s left"), (96, ", about 100 s left"),
        (150, ", about 2 min left"), (3000, ", about 50 min left"),
    ],
)  # fmt: skip
def test_what_is_left_is_rounded(seconds: float, said: str) -> None:
    assert about(seconds) == said
