from __future__ import annotations

import polars as pl
import pytest

from churn_assets.decisions.keys import stable_keys


def test_keys_are_the_same_on_every_machine_and_version() -> None:
    keys = stable_keys(pl.Series("text", ["a|b", "用户"]))

    # First 32 hex digits of: printf 'a|b' | sha256sum
    assert keys.to_list() == ["0eab8a0a3380abf4c7d1fb0b43b66aaf", "0d0e1a86b3aa787709b00329fcd32b5b"]


def test_no_texts_give_no_keys() -> None:
    assert stable_keys(pl.Series("text", [], dtype=pl.String)).to_list() == []


def test_a_null_text_is_refused() -> None:
    with pytest.raises(ValueError, match="text: 1 null values cannot be keyed"):
        stable_keys(pl.Series("text", ["a", None]))
