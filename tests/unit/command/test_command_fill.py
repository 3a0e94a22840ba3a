"""Filling the landing: where a simulated shop ends, and the settings a data set suggests, with their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import yaml

from churn_assets.command.fill import fill_from_source, newest_monday
from churn_assets.settings import load_settings
from churn_assets.sources import ADAPTERS, cdnow

LINE = " 00001 19970101  1  9.50\n"


def load(root: Path, name: str = "cdnow") -> str:
    """The churn.yaml of a home that was filled."""
    source = root.with_suffix(".txt")
    source.write_text(LINE)
    fill_from_source(root, name, source, if_missing=False)
    return (root / "churn.yaml").read_text()


def test_suggested_settings_come_with_their_reasons(tmp_path: Path) -> None:
    text = load(tmp_path / "home")
    assert yaml.safe_load(text.replace("'1997-01-02'", '"1997-01-02"')) == cdnow.SETTINGS
    lines = [line.strip() for line in text.splitlines()]
    for field, reason in cdnow.REASONS.items():
        at = next(number for number, line in enumerate(lines) if line.startswith(f"{field.split('.')[1]}:"))
        comment = []
        while lines[at - 1].startswith("#"):
            at -= 1
            comment.insert(0, lines[at].removeprefix("# "))
        assert " ".join(comment) == reason
    settings = load_settings(tmp_path / "home" / "churn.yaml")
    assert (settings.decisions.unknown_consent, settings.delivery.call) == ("allow", None)


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "churn.yaml").write_text("churn: {horizon_days: 14}\n")
    assert load(tmp_path / "home") == "churn: {horizon_days: 14}\n"


def test_an_adapter_may_do_without_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tables(_: Any) -> Iterator[tuple[str, pl.DataFrame]]:
        yield "orders", pl.DataFrame({"order_id": ["1"]})

    monkeypatch.setitem(ADAPTERS, "mine", SimpleNamespace(SETTINGS={"churn": {"gap_days": 7}}, tables=tables))
    assert load(tmp_path / "home", "mine").splitlines()[1:] == ["churn:", "  gap_days: 7"]


@pytest.mark.parametrize(
    ("today", "monday"),
    [
        (date(2026, 11, 22), date(2026, 11, 16)),  # a Sunday
        (date(2026, 11, 23), date(2026, 11, 23)),
        (date(2026, 11, 24), date(2026, 11, 23)),
        (date(2027, 1, 1), date(2026, 12, 28)),
    ],
)
def test_a_shop_ends_at_the_newest_monday(today: date, monday: date) -> None:
    assert newest_monday(today) == monday
