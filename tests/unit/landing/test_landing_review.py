"""Counts of the first screen: what a person checks against their own shop has to be exact."""

from __future__ import annotations

from pathlib import Path

from churn_assets.duck import duck
from churn_assets.landing.review import review_table
from tests.unit.landing.reading import HEADER, read


def test_users_are_counted_not_estimated(tmp_path: Path) -> None:
    lines = [f"o{order},u{order % 7_001},2026-11-0{1 + order % 9} 10:00:00,10" for order in range(20_000)]
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.csv").write_text(HEADER + "\n".join([*lines, "o20000,u9999,2026-11-01,-1"]))
    with duck() as connection:
        told = review_table(connection, read(tmp_path).tables["orders"])
    assert (told.users, told.delivered, told.kept, told.rows_refused) == (7_001, 20_001, 20_000, 1)
