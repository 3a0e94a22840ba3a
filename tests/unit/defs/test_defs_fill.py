"""Filling the landing from a data set: the settings that are suggested, with their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import yaml

from churn_assets.defs.landing.fill import fill_from_source
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
