"""A plan that costs little enough goes without a person, one that costs a cent more does not."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from churn_assets.delivery.approval import NotAllowed
from churn_assets.delivery.plan import Plan
from churn_assets.delivery.sending import send
from churn_assets.delivery.signature import Signer
from churn_assets.workplace import Workplace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipeline.conftest import Base

DAY, NOW = date(2026, 11, 9), datetime(2026, 11, 10, 12)


@pytest.fixture
def workplace(base: Base, tmp_path: Path) -> Workplace:
    """Channels without adapters: nothing can leave, whatever is approved."""
    made = base.after[DAY].copy(tmp_path / "home")
    _set(made.home, "delivery", call=None)
    return Workplace(home_path=str(made.home))


def _set(home: Path, section: str, **changes: Any) -> None:
    file = home / "churn.yaml"
    settings = yaml.safe_load(file.read_text())
    settings[section] = settings.get(section, {}) | changes
    file.write_text(yaml.safe_dump(settings))


@pytest.mark.parametrize("more", [0.0, 0.01])
def test_small_plans_need_nobody(workplace: Workplace, more: float) -> None:
    plan = Plan.at(workplace, DAY)
    assert plan.cost_amount > 0
    _set(workplace.home.root, "decisions", automatic_approval_amount=round(plan.cost_amount - more, 2))
    workplace = Workplace(home_path=str(workplace.home.root))  # reads the settings anew
    if more:
        with pytest.raises(NotAllowed, match="is not approved"):
            send(workplace, DAY, clock=lambda: NOW)
        return
    told = send(workplace, DAY, clock=lambda: NOW)
    approval = workplace.outbox.approval(DAY)
    assert approval is not None
    assert (approval.approved_by, approval.plan_sha256) == ("automatic", plan.sha256)
    assert Signer.of(workplace.home, workplace.record, workplace.settings).why_not(approval) is None
    assert told["delivered"] == 0
    assert sum(count for word, count in told.items() if word.startswith("waiting: no adapter")) == len(plan.messages)
