"""One dispatch of a record store to a webhook, as a process that may be killed: `... RECORD LOCK URL SECRET`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from churn_assets.delivery.claims import Claims
from churn_assets.delivery.code_pool import CodePool
from churn_assets.delivery.dispatch import dispatch
from churn_assets.delivery.rules import SendingRules
from churn_assets.delivery.webhook import WebhookAdapter
from churn_assets.delivery.wording import Wording
from churn_assets.instance.record.store import Record

NOW = datetime(2026, 11, 17, 10)


def main() -> None:
    record, lock, url, secret = sys.argv[1:]
    store = Record(Path(record))
    with store.transaction() as connection:
        keys = [key for (key,) in connection.execute("select message_key from outbox order by message_key")]
    adapter = WebhookAdapter(url, secret, timeout_seconds=5, attempts=8, wait_initial_seconds=0.005)
    codes = CodePool({("coupon", None): [f"K{number:06d}" for number in range(len(keys))]})
    claims = Claims(store, SendingRules(4, 28, lambda _, __: False), Wording(codes))
    try:
        dispatch(claims, keys, {"email": adapter}, lambda _: {}, Path(lock), clock=lambda: NOW)
    finally:
        adapter.close()


if __name__ == "__main__":
    main()
