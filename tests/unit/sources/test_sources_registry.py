"""The registry: each adapter under its own name."""

from __future__ import annotations

import pytest

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.settings import Settings
from churn_assets.sources import ADAPTERS, SourceAdapter


def test_adapters_are_found_under_their_name() -> None:
    assert {name: adapter.NAME for name, adapter in ADAPTERS.items()} == {
        "complete-journey": "complete-journey",
        "cdnow": "cdnow",
    }
    assert all(adapter.SUMMARY for adapter in ADAPTERS.values())


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=list(ADAPTERS))
def test_a_public_data_set_says_on_what_ground_it_may_plan_and_can_send_nothing(adapter: SourceAdapter) -> None:
    settings = Settings.model_validate(adapter.SETTINGS)
    assert settings.decisions.unknown_consent == "allow"
    assert "demonstration" in adapter.REASONS["decisions.unknown_consent"]
    assert settings.delivery.adapters() == dict.fromkeys(SENDING_CHANNELS)


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=list(ADAPTERS))
def test_every_reason_is_of_a_setting(adapter: SourceAdapter) -> None:
    stated = {f"{section}.{field}" for section, fields in adapter.SETTINGS.items() for field in fields}
    assert set(adapter.REASONS) <= stated
