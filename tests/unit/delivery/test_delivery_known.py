"""A no to an id that nobody has is kept, and said to be one."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from churn_assets.command.delivering import NobodyNamed, suppress
from churn_assets.delivery.known_users import find_user
from churn_assets.instance.suppressions import suppressed_users
from churn_assets.workplace import Workplace

DAY, LATER = date(2026, 11, 16), date(2100, 1, 1)


@pytest.fixture
def scored(workplace: Workplace) -> Workplace:
    for day, users in ((date(2026, 11, 9), ["gone"]), (DAY, ["u7", "0017", "u8"])):
        workplace.tables.publish("scoring", "scored_users", day, pl.DataFrame({"user_id": users}))
    return workplace


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("u7", None), ("0017", None),
        ("u9", "None of the 3 users known at 2026-11-16 has this id. It holds from the moment there is one"),
        ("U7 ", "None of the 3 users known at 2026-11-16 has this id (did you mean u7?)."),
        ("17", "None of the 3 users known at 2026-11-16 has this id (did you mean 0017?)."),
        ("gone", "None of the 3 users known at 2026-11-16 has this id."),
    ],
)  # fmt: skip
def test_the_newest_snapshot_says_who_is_known(scored: Workplace, user: str, told: str | None) -> None:
    words = find_user(scored, user).warning
    assert (words or "").startswith(told or "")
    assert (words is None) == (told is None)


def test_an_unknown_user_is_on_the_list_and_said_to_be_unknown(
    scored: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody may say no before the first order."""
    suppress(scored.home.root, "u9", "letter", "ana", is_objection=False)
    told = capsys.readouterr().out
    assert told.startswith("u9 is suppressed.\nNote: None of the 3 users known at 2026-11-16 has this id.")
    suppress(scored.home.root, "u7", "letter", "ana", is_objection=False)
    assert capsys.readouterr().out == "u7 is suppressed.\n"
    assert suppressed_users(scored.record, LATER) == ["u7", "u9"]


def test_before_the_first_score_nobody_can_say(workplace: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    suppress(workplace.home.root, "u9", "letter", "ana", is_objection=True)
    assert "Nothing has been scored here yet" in capsys.readouterr().out
    assert suppressed_users(workplace.record, LATER) == ["u9"]


@pytest.mark.parametrize("user", ["", " ", "\t"])
def test_an_empty_id_names_nobody(workplace: Workplace, user: str) -> None:
    with pytest.raises(NobodyNamed, match="nothing was recorded"):
        suppress(workplace.home.root, user, "letter", "ana", is_objection=False)
    assert suppressed_users(workplace.record, LATER) == []
