"""One dispatch of an instance, from its plan to the receipts that the next snapshot reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime

from churn_assets.delivery.adapters import adapter_names, channels_needing_address, closed_afterwards, open_adapters
from churn_assets.delivery.addresses import AddressBook
from churn_assets.delivery.approval import approved_plan, current_plan
from churn_assets.delivery.claims import Claims
from churn_assets.delivery.codes import codes_for
from churn_assets.delivery.consents import update_consents
from churn_assets.delivery.dispatch import Patience, dispatch, utc_now
from churn_assets.delivery.plan import Plan, republish
from churn_assets.delivery.receipts import write_receipts
from churn_assets.delivery.rules import sending_rules
from churn_assets.delivery.wording import Wording
from churn_assets.workplace import Workplace


def send(
    workplace: Workplace,
    snapshot: date,
    *,
    clock: Callable[[], datetime] = utc_now,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Counter[str]:
    """Hand over the approved messages of the newest plan; counts by outcome. Raises NotAllowed, DispatchBusy."""
    now, settings = clock(), workplace.settings.delivery
    plan = approved_plan(workplace, snapshot, now)
    update_consents(workplace, plan.messages, now)
    keys = plan.messages["message_key"].to_list()
    book = AddressBook(workplace.landing().get("users"), channels_needing_address(settings), clock)
    adapters = open_adapters(settings, workplace.home.dispatched, snapshot.isoformat())
    try:
        with closed_afterwards(adapters):
            return dispatch(
                _claims(workplace, plan), keys, adapters, book.addresses, workplace.home.locks / "dispatch.lock",
                clock=clock, patience=Patience(60 * settings.dispatch_minutes, 60 * settings.stall_minutes),
                on_progress=on_progress,
            )  # fmt: skip
    finally:
        write_receipts(workplace)
        republish(workplace, snapshot)


def rehearse(workplace: Workplace, snapshot: date, now: datetime) -> Counter[str]:
    """Counts that a dispatch of the plan would give now, were it approved; no message is sent, no state changes."""
    plan = current_plan(workplace, snapshot, now)
    update_consents(workplace, plan.messages, now)
    keys = plan.messages["message_key"].to_list()
    return _claims(workplace, plan).rehearse(keys, adapter_names(workplace.settings.delivery), now)


def _claims(workplace: Workplace, plan: Plan) -> Claims:
    wording = Wording(codes_for(workplace, plan), workplace.settings.delivery.unsubscribe_url)
    return Claims(workplace.record, sending_rules(workplace.settings.decisions), wording)
