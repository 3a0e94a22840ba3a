"""A row that is far too long is one refused row with its own name; those around it are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn_assets.duck import duck
from tests.unit.landing.reading import HEADER, LINE, read, refused, rows, stopped_by

LONG = "x" * 2_100_000
REVIEWS = "review_id,user_id,reviewed_at,rating,text\n"


def test_a_review_of_two_megabytes_is_one_refused_row(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.csv").write_text(HEADER + LINE.format("o1"))
    (tmp_path / "reviews").mkdir()
    lines = [f"r{n},u1,2026-11-01 10:00:00,5,{text}\n" for n, text in enumerate(["good", LONG, "fine", "y" * 900_000])]
    (tmp_path / "reviews" / "a.csv").write_text(REVIEWS + "".join(lines))
    contents = read(tmp_path)
    assert stopped_by(contents) == []
    assert refused(contents, "reviews") == {"text is longer than 1,000,000 bytes": 1}
    assert rows(contents, "review_id", "reviews") == [("r0",), ("r2",), ("r3",)]
    with duck() as connection:
        sql = f"select row_key from {contents.tables['reviews'].scan} where refused_because is not null"
        ((key,),) = connection.execute(sql).fetchall()
    assert "r1" in key, "it has its own name"


@pytest.mark.parametrize("column", ["order_id", "user_id"])
def test_an_id_of_two_megabytes_is_one_too(tmp_path: Path, column: str) -> None:
    (tmp_path / "orders").mkdir()
    line = f"{LONG},u1,2026-11-01,1\n" if column == "order_id" else f"o2,{LONG},2026-11-01,1\n"
    (tmp_path / "orders" / "a.csv").write_text(HEADER + LINE.format("o1") + line + LINE.format("o3"))
    contents = read(tmp_path)
    assert refused(contents) == {f"{column} is longer than 1,000,000 bytes": 1}
    assert rows(contents, "order_id") == [("o1",), ("o3",)]
