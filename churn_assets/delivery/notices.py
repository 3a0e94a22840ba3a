"""Handing over notices of erasures: to the webhook that was posted messages, to whoever runs the mail server, and into
a file for the call centre. No consent is asked for: the user is not written to.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from churn_assets.delivery.adapters import open_adapter
from churn_assets.delivery.call_file import PRIVATE_FILE, PRIVATE_FOLDER
from churn_assets.delivery.cells import BOM, csv_record
from churn_assets.delivery.channels import NOTICE, Fate, Message
from churn_assets.delivery.dispatch import BUSY, STOP_AFTER, DispatchBusy
from churn_assets.instance.erasure_notices import TYPE, Notice, forget_notices, waiting_notices
from churn_assets.instance.files import write_whole
from churn_assets.instance.process_lock import process_lock
from churn_assets.settings.delivery import Delivery
from churn_assets.workplace import Workplace

MAIL = (
    "Please erase what you hold about these e-mails, and about whom they were sent to: the person was erased here.\n\n"
    "Message-ID: {ids}\n"
)
COLUMNS = ("user_id", "message_keys")


def count_notices(workplace: Workplace) -> Counter[str]:
    """Notices that wait, by the side that they are for."""
    return Counter(f"notices of erasures for {notice.adapter}" for notice in waiting_notices(workplace.record))


def send_notices(workplace: Workplace, now: datetime) -> Counter[str]:
    """Hand over all notices that wait; counts by outcome. What was taken is deleted. Raises DispatchBusy."""
    notices = waiting_notices(workplace.record)
    counts: Counter[str] = Counter()
    if not notices:
        return counts
    with process_lock(workplace.home.locks / "dispatch.lock", DispatchBusy(BUSY)):
        for adapter in sorted({notice.adapter for notice in notices}):
            theirs = [notice for notice in notices if notice.adapter == adapter]
            if adapter == "file":
                _write(workplace.home.dispatched, theirs, now)
                taken, why = theirs, ""
            else:
                taken, why = _post(workplace, adapter, theirs)
            forget_notices(workplace.record, taken)
            counts[f"notices of erasures taken by {adapter}"] += len(taken)
            if len(taken) < len(theirs):
                counts[f"notices of erasures waiting for {adapter}: {why}"] += len(theirs) - len(taken)
    return +counts


def _write(folder: Path, notices: Sequence[Notice], now: datetime) -> None:
    """One file of its own, by its content: after a kill the same notices are written once more under the same name."""
    records = [csv_record(notice.user_id, " ".join(notice.message_keys)) for notice in notices]
    content = BOM.encode() + csv_record(*COLUMNS) + b"".join(records)
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    folder.chmod(PRIVATE_FOLDER)
    file = folder / f"erasures-{now.date()}-{hashlib.sha256(content).hexdigest()[:8]}.csv"

    def write(target: Path) -> None:
        target.touch(PRIVATE_FILE)
        target.write_bytes(content)

    write_whole(file, write)


def _post(workplace: Workplace, adapter: str, notices: Sequence[Notice]) -> tuple[list[Notice], str]:
    """Those that were taken, and why the others were not."""
    settings = workplace.settings.delivery
    reason = _cannot(settings, adapter)
    if reason:
        return [], reason
    taken, not_taken, why = [], 0, ""
    with closing(open_adapter(adapter, settings, workplace.home.dispatched, "notices")) as side:
        for notice in notices:
            outcome = side.deliver(_message(notice), settings.erasure_contact)
            if outcome.fate is Fate.DELIVERED:
                taken.append(notice)
                not_taken = 0
            else:
                why, not_taken = outcome.detail, not_taken + 1
            if not_taken == STOP_AFTER:
                break
    return taken, why


def _cannot(settings: Delivery, adapter: str) -> str | None:
    """What the settings lack for it: a side that was sent to once may be used no more."""
    if adapter == "webhook" and not (settings.webhook_url and settings.webhook_secret):
        return "delivery.webhook_url and webhook_secret are not set"
    if adapter == "smtp" and not settings.erasure_contact:
        return "delivery.erasure_contact is not set"
    if adapter == "smtp" and not (settings.smtp_host and settings.sender):
        return "delivery.smtp_host and sender are not set"
    if adapter in settings.services and settings.services[adapter].erase is None:
        return f"delivery.services.{adapter}.erase is not set"
    return None if adapter in ("webhook", "smtp", *settings.services) else "no adapter has that name"


def _message(notice: Notice) -> Message:
    body = MAIL.format(ids=", ".join(notice.message_keys))
    return Message(notice.key, notice.user_id, NOTICE, TYPE, "Erasure of a person's data", body, "en", notice.payload)
