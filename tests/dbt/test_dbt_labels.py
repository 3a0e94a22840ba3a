"""Labels open, close once, and stay: D1's window is [D1 + 7, D1 + 14) = [2026-01-12, 2026-01-19), it matures at D3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from churn_assets.contracts.definitions import DEFINITIONS
from churn_assets.duck import duck

Query = Callable[..., list[tuple[object, ...]]]
D1, D2, D3, D4 = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26)
INACTIVE = {
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
}


# Silence at D3 against the user's own longest gap, at least 7 and at most 18 days; with no gap of their own the shop's
# own gaps of 1 and 34 days count, cut to 18.
SILENT = INACTIVE | {
    "4": False,  # 11 days since the order in the gap
    "5": False,  # 15 days
    "8": False,  # 18 days: exactly the longest that is usual
    "9": True,  # 19 days
}
# Orders in the window against the rate of the 28 days before D1, or since the first order, but no less than 7 days.
FEWER = INACTIVE | {"10": True}  # one where two are usual: exactly half
AWAY = INACTIVE | {"8": False}  # a visit in the window; that of user 9 was not known when it closed
LEFT_AT_D1 = {"inactivity": INACTIVE, "own_rhythm": SILENT, "reduced": FEWER, "no_activity": AWAY}


def labels(file: Path, day: date, definition: str) -> dict[str, bool | None]:
    with duck(file, read_only=True) as connection:
        sql = "select user_id, is_churned from features.churn_labels where snapshot_date = ? and definition = ?"
        return dict(connection.execute(sql, [day, definition]).fetchall())


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_labels_once_matured(whole: Query, definition: str) -> None:
    sql = "select user_id, is_churned from features.churn_labels where snapshot_date = ? and definition = ?"
    assert dict(whole(sql, D1, definition)) == LEFT_AT_D1[definition]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, "open"), (1, "open"), (2, "closed"), (3, "closed"), (4, "closed")],
    ids=["at D1", "at D2", "at D3, when it matures", "at D4", "after D2 was rebuilt"],
)
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_label_is_open_until_it_matures_and_never_changes_after(
    after_step: Callable[[int], Path], definition: str, step: int, expected: str
) -> None:
    """Known or cancelled only after it matured: order 302 of user 3, the visit of user 9, order 1002 of user 10."""
    found = labels(after_step(step), D1, definition)
    assert found == (LEFT_AT_D1[definition] if expected == "closed" else dict.fromkeys(INACTIVE))


def test_without_recorded_visits_there_is_no_label_of_no_activity(orders_only: Query) -> None:
    sql = "select distinct definition from features.churn_labels order by 1"
    assert orders_only(sql) == [(name,) for name in sorted(DEFINITIONS) if name != "no_activity"]


def test_the_population_is_the_same_for_every_definition(whole: Query) -> None:
    sql = "select user_id, snapshot_date from features.churn_labels group by all having count(distinct is_eligible) > 1"
    assert whole(sql) == []


def test_labels_of_the_newest_snapshots_are_open(whole: Query) -> None:
    sql = "select distinct snapshot_date, is_churned is null from features.churn_labels order by 1"
    assert whole(sql) == [(D1, False), (D2, False), (D3, True), (D4, True)]


def test_label_windows_follow_the_settings(whole: Query) -> None:
    columns = "definition, gap_days, horizon_days, matures_at"
    sql = f"select distinct {columns} from features.churn_labels where snapshot_date = ? order by 1"
    assert whole(sql, D1) == [(definition, 7, 7, datetime(2026, 1, 19)) for definition in sorted(DEFINITIONS)]
    assert whole("select * from marts.dim_snapshots where snapshot_date = ?", D1) == [
        (D1, datetime(2026, 1, 12), datetime(2026, 1, 19))
    ]


def test_eligible_are_buyers_who_are_active_and_did_not_object(whole: Query) -> None:
    sql = """
    select distinct user_id from features.churn_labels where snapshot_date = ? and is_eligible order by user_id::int
    """
    assert [user for (user,) in whole(sql, D1)] == ["1", "2", "3", "4", "5", "9", "10"]
    assert [user for (user,) in whole(sql, D2)] == ["1", "2", "3", "4", "5"]
