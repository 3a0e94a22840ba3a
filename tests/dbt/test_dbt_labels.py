"""Labels open, close once, and stay: D1's window is [D1 + 7, D1 + 14) = [2026-01-12, 2026-01-19), it matures at D3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from churn_assets.defs.duck import duck

Query = Callable[..., list[tuple[object, ...]]]
D1, D2, D3, D4 = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26)
CHURNED_AT_D1 = {
    "1": False,  # ordered at the first microsecond of the window
    "2": True,  # ordered a moment after it
    "3": True,  # ordered in it, but known only after it had closed
    "4": True,  # ordered in the gap before it
    "5": True,  # ordered in it, cancelled before it closed
    "6": True,
    "7": False,  # not eligible, but labelled all the same
    "8": True,
    "9": True,
    "10": False,  # ordered in it, cancelled only after it had closed
    "12": True,
}


def labels(file: Path, day: date) -> dict[str, bool | None]:
    with duck(file, read_only=True) as connection:
        sql = "select user_id, is_churned from features.churn_labels where snapshot_date = ?"
        return dict(connection.execute(sql, [day]).fetchall())


def test_labels_once_matured(whole: Query) -> None:
    sql = "select user_id, is_churned from features.churn_labels where snapshot_date = ?"
    assert dict(whole(sql, D1)) == CHURNED_AT_D1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, "open"), (1, "open"), (2, "closed"), (3, "closed"), (4, "closed")],
    ids=["at D1", "at D2", "at D3, when it matures", "at D4", "after D2 was made again"],
)
def test_a_label_is_open_until_it_matures_and_never_changes_after(
    after_step: Callable[[int], Path], step: int, expected: str
) -> None:
    """After it matured, order 302 of user 3 became known and order 1002 of user 10 was cancelled."""
    found = labels(after_step(step), D1)
    assert found == (CHURNED_AT_D1 if expected == "closed" else dict.fromkeys(CHURNED_AT_D1))


def test_labels_of_the_newest_snapshots_are_open(whole: Query) -> None:
    sql = "select distinct snapshot_date, is_churned is null from features.churn_labels order by 1"
    assert whole(sql) == [(D1, False), (D2, False), (D3, True), (D4, True)]


def test_label_windows_follow_the_settings(whole: Query) -> None:
    columns = "definition, gap_days, horizon_days, matures_at"
    assert whole(f"select distinct {columns} from features.churn_labels where snapshot_date = ?", D1) == [
        ("inactivity", 7, 7, datetime(2026, 1, 19))
    ]
    assert whole("select * from marts.dim_snapshots where snapshot_date = ?", D1) == [
        (D1, datetime(2026, 1, 12), datetime(2026, 1, 19))
    ]


def test_eligible_are_buyers_who_are_active_and_did_not_object(whole: Query) -> None:
    sql = "select user_id from features.churn_labels where snapshot_date = ? and is_eligible order by user_id::int"
    assert [user for (user,) in whole(sql, D1)] == ["1", "2", "3", "4", "5", "9", "10"]
    assert [user for (user,) in whole(sql, D2)] == ["1", "2", "3", "4", "5"]
