"""The registry: each adapter under its own name."""

from __future__ import annotations

from churn_assets.sources import ADAPTERS


def test_adapters_are_found_under_their_name() -> None:
    assert {name: adapter.NAME for name, adapter in ADAPTERS.items()} == {
        "complete-journey": "complete-journey",
        "cdnow": "cdnow",
    }
    assert all(adapter.SUMMARY for adapter in ADAPTERS.values())
