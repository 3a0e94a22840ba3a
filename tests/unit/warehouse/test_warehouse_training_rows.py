"""Of more labelled rows than a training set may have, the same users are drawn in every slice."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.warehouse.reads import labelled_features
from churn_assets.workplace import Workplace

if TYPE_CHECKING:
    import polars as pl

SNAPSHOT, SLICES = date(2026, 11, 16), [date(2026, 8, 17), date(2026, 9, 14)]
USERS = 2_000
TABLES = f"""
create schema features; create schema marts;
create table features.churn_labels as
  select 'u' || number as user_id, slice as snapshot_date, slice + 28 as matures_at, number % 2 = 0 as is_churned,
    true as is_eligible, 'inactivity' as definition
  from range({USERS}) as users (number), unnest([date '2026-08-17', date '2026-09-14']) as slices (slice);
create table features.user_features as select user_id, snapshot_date, 1.0 as orders_count from features.churn_labels;
create table features.user_statuses as select 'u0' as user_id, date '{SNAPSHOT}' as snapshot_date, 'eligible' as status;
create table marts.fct_contacts (user_id varchar, channel varchar, propensity double, sent_at timestamp,
  known_at timestamp, superseded_at timestamp);
"""


@pytest.fixture
def drawn(home: Home) -> pl.DataFrame:
    (home.root / "churn.yaml").write_text("training: {max_rows: 1000}\n")
    with duck(home.warehouse) as connection:
        connection.execute(TABLES)
    return labelled_features(Workplace(home_path=str(home.root)), SNAPSHOT, SLICES)


def test_about_as_many_rows_as_are_allowed_are_drawn(drawn: pl.DataFrame) -> None:
    assert 850 < drawn.height < 1_150, "1,000 of 4,000 rows are allowed"


def test_a_user_is_in_every_slice_or_in_none(drawn: pl.DataFrame) -> None:
    assert set(drawn.group_by("user_id", maintain_order=True).len()["len"]) == {len(SLICES)}


def test_with_fewer_rows_everybody_is_there(home: Home) -> None:
    with duck(home.warehouse) as connection:
        connection.execute(TABLES)
    everybody = labelled_features(Workplace(home_path=str(home.root)), SNAPSHOT, SLICES)
    assert everybody.height == 2 * USERS
