"""From when on a row that was read is known, for rows and times of any kind: no server is asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn_assets.contracts.raw import raw_table
from churn_assets.duck import duck
from churn_assets.landing.csv import FILE
from churn_assets.pulling.fresh import CURSOR, Shape, make_batch, make_fresh, make_gone
from churn_assets.settings.mapping import TableFrom

BEFORE, NOW = datetime(2026, 11, 9, 6), datetime(2026, 11, 16, 6)
MADE = TableFrom.model_validate({"columns": {"order_id": "id", "user_id": "who", "ordered_at": "at", "amount": "sum"}})
TYPES = {"order_id": "BIGINT", "user_id": "BIGINT", "ordered_at": "TIMESTAMP", "amount": "DOUBLE"}
SHAPE = Shape(raw_table("orders"), MADE, {**TYPES, CURSOR: "TIMESTAMP"})
NEAR = st.datetimes(BEFORE - timedelta(days=3), NOW + timedelta(days=3))
Row = tuple[int, int, datetime, float, datetime | None]
ROWS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3), NEAR, st.just(9.5), st.none() | NEAR), max_size=12)


def relation(rows: list[Row]) -> str:
    columns = f"order_id, user_id, ordered_at, amount, {CURSOR}"
    if not rows:
        nothing = "null::bigint, null::bigint, null::timestamp, null::double, null::timestamp"
        return f"(select * from (values ({nothing})) as none ({columns}) where false)"
    listed = ", ".join(
        f"({order}, {user}, {_time(at)}, {amount}::double, {_time(cursor)})" for order, user, at, amount, cursor in rows
    )
    return f"(select * from (values {listed}) as listed ({columns}))"


def _time(moment: datetime | None) -> str:
    return f"timestamp '{moment}'" if moment else "null::timestamp"


@settings(max_examples=25, deadline=None)  # 40 ms each: four statements of DuckDB
@given(held=ROWS, read=ROWS)
def test_nothing_becomes_known_before_a_reading_that_has_not_seen_it(held: list[Row], read: list[Row]) -> None:
    pulled = f"(select order_id, user_id, ordered_at, amount, '00000001.parquet' as {FILE} from {relation(held)})"
    has = list(TYPES)
    with duck() as connection:
        make_batch(connection, SHAPE, relation(read), SHAPE.claimed("UTC", "UTC", None), "true")
        make_fresh(connection, SHAPE, pulled, has, BEFORE, NOW)
        known_at = "timezone('UTC', ingested_at)"
        fresh = connection.execute(f"select order_id, user_id, ordered_at, {known_at} from fresh").fetchall()
        gone, of = make_gone(connection, SHAPE, pulled, has, "batch", NOW)
    assert all(BEFORE < known <= NOW for *_, known in fresh)
    before, now = {row[:3] for row in held}, {row[:3] for row in read}
    assert {row[:3] for row in fresh} == now - before, "new is what was not there like this, however often it is read"
    claims = {(*row[:3], row[4]) for row in read}
    for *row, known in fresh:
        own = {claim for *other, claim in claims if other == row and claim and BEFORE < claim <= NOW}
        assert known in own or (known == NOW and len(own) < sum(other == row for *other, _ in claims))
    assert (gone, of) == (len({row[0] for row in held} - {row[0] for row in read}), len({row[0] for row in held}))


@pytest.mark.parametrize("moment", [BEFORE, NOW])
def test_the_moment_of_a_reading_belongs_to_what_it_saw(moment: datetime) -> None:
    """A row that claims the very moment of the reading before was not seen by it, so it is known from now on."""
    with duck() as connection:
        make_batch(
            connection, SHAPE, relation([(1, 1, BEFORE, 9.5, moment)]), SHAPE.claimed("UTC", "UTC", None), "true"
        )
        nothing = f"(select cast(null as varchar) as {FILE} where false)"
        assert make_fresh(connection, SHAPE, nothing, [], BEFORE, NOW) == 1
        assert connection.execute("select timezone('UTC', ingested_at) from fresh").fetchall() == [(NOW,)]
