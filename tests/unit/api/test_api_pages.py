"""Pages of users, over any ids and sizes: each user exactly once, also when others go meanwhile."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.api import lookup
from churn_assets.api.lookup import Lookup

IDS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), unique=True, max_size=40)


def made(folder: Path, users: list[str], times: int = 1) -> Lookup:
    file = folder / "rows.parquet"
    rows = [{"user_id": user, "rank": rank} for rank in range(times) for user in users]
    pl.DataFrame(rows, schema={"user_id": pl.String, "rank": pl.Int64}).write_parquet(file)
    return Lookup(f"from read_parquet('{file}')", "key", folder, ("rank",))


def read(before: Lookup, after: Lookup, limit: int) -> list[str]:
    """All pages; from the second on those of `after`."""
    seen: list[str] = []
    rows, position = before.after(None, limit)
    while True:
        seen += [row["user_id"] for row in rows]
        if position is None:
            return seen
        rows, position = after.after(position, limit)


@given(users=IDS, limit=st.integers(1, 7), batch=st.integers(1, 9), digits=st.sampled_from([16, 16, 1]), data=st.data())
def test_every_user_comes_exactly_once(
    tmp_path_factory: object, users: list[str], limit: int, batch: int, digits: int, data: st.DataObject
) -> None:
    """`digits`: of a position; with one, many users share theirs. Gone users do not move the others."""
    folder = tmp_path_factory.mktemp("pages")  # type: ignore[attr-defined]
    with_patch = (lookup.HEX, lookup.BATCH_ROWS)
    lookup.HEX, lookup.BATCH_ROWS = digits, batch
    try:
        gone = set(data.draw(st.lists(st.sampled_from(users), unique=True))) if users else set()
        whole, rest = made(folder, users), made(folder, [user for user in users if user not in gone])
        assert sorted(read(whole, whole, limit)) == sorted(users)
        seen = read(whole, rest, limit)
        assert len(seen) == len(set(seen))
        assert set(users) - gone <= set(seen) <= set(users)
        several = made(folder, users, 3)
        for user in users:
            assert [row["rank"] for row in several.rows(user)] == [0, 1, 2]
        assert several.rows("") == []
    finally:
        lookup.HEX, lookup.BATCH_ROWS = with_patch
