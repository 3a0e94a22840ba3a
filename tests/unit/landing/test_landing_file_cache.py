"""What the landing remembers of its files, and that a file delivered again is read again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from churn_assets.landing import parquet
from churn_assets.landing.contents import LandingContents
from churn_assets.landing.errors import LandingError
from churn_assets.landing.inspect import survey
from tests.unit.landing.reading import NOW


def put(folder: Path, name: str, ids: list[str], **more: str) -> Path:
    file = folder / "orders" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(
        {"order_id": ids, "user_id": "u1", "ordered_at": datetime(2026, 11, 1), "amount": 10.0, **more}
    ).with_columns(pl.lit(value).alias(column) for column, value in more.items()).write_parquet(file)
    return file


@pytest.fixture
def read_paths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose footers were read, in order."""
    paths: list[str] = []
    real = parquet._footers

    def counted(connection: object, files: list[Path]) -> object:
        paths.extend(path.name for path in files)
        return real(connection, files)  # type: ignore[arg-type]

    monkeypatch.setattr(parquet, "_footers", counted)
    return paths


def of(folder: Path) -> LandingContents:
    return survey(str(folder / "landing"), None, cache=folder / "cache", now=NOW)


def test_a_footer_is_read_once_until_its_file_changes(tmp_path: Path, read_paths: list[str]) -> None:
    put(tmp_path / "landing", "1.parquet", ["a"])
    second = put(tmp_path / "landing", "2.parquet", ["b"])
    first_time = of(tmp_path)
    assert read_paths == ["1.parquet", "2.parquet"]
    assert of(tmp_path) == first_time
    assert read_paths == ["1.parquet", "2.parquet"], "nothing changed, and something was read"
    second.unlink()
    put(tmp_path / "landing", "2.parquet", ["b", "c"], coupon_id="k")
    again = of(tmp_path).tables["orders"]
    assert read_paths == ["1.parquet", "2.parquet", "2.parquet"]
    assert [(file.rows, "coupon_id" in file.columns) for file in again.files] == [(1, False), (2, True)]


def test_a_file_cut_off_after_it_was_read_is_named(tmp_path: Path) -> None:
    file = put(tmp_path / "landing", "1.parquet", ["a"])
    of(tmp_path)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(LandingError, match=r"1\.parquet is not a readable Parquet file"):
        of(tmp_path)
