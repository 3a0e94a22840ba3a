"""A receiver of alerts on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from churn_assets.settings.alerts import Alerts

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer


@pytest.fixture
def receiving(httpserver: HTTPServer) -> Alerts:
    """Everything goes to `all`, plans only to `plans`; both by JSON to this machine."""
    address = f"json://planted:password@127.0.0.1:{httpserver.port}"
    return Alerts.model_validate({
        "receivers": [
            {"name": "all", "url": f"{address}/all"},
            {"name": "plans", "url": f"{address}/plans", "kinds": ["plan_waiting"]},
        ],
    })  # fmt: skip
