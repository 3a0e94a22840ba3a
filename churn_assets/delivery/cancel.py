"""Messages that are taken back as soon as somebody says no, so that nobody reads them in a plan or a call list."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from churn_assets.delivery.plan import republish
from churn_assets.instance.outbox import OPEN
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


def cancel_messages(workplace: Workplace, messages: pl.DataFrame) -> int:
    """Cancel those that are planned or approved, also in the tables that others read; returns how many.

    The tables wait for whoever has the warehouse; the record, which a dispatch asks, does not.
    """
    open_messages = messages.filter(pl.col("state").is_in(OPEN))
    cancelled = workplace.outbox.cancel(open_messages["message_key"].to_list())
    if cancelled:
        for made in workplace.record.partitions(Stage.INTERVENTIONS, "outbox"):
            listed = workplace.tables.read(Stage.INTERVENTIONS, "outbox", made.snapshot)
            if not listed.join(open_messages, on="message_key", how="semi").is_empty():
                republish(workplace, made.snapshot)
    return cancelled


def messages_to(workplace: Workplace, users: Sequence[str]) -> pl.DataFrame:
    """All messages to these users, in their present state (contract Outbox)."""
    return workplace.outbox.messages().filter(pl.col("user_id").is_in(list(users)))


def alike(workplace: Workplace, keys: Sequence[str]) -> pl.DataFrame:
    """All messages to the users of `keys` by the channel each of these came by."""
    messages = workplace.outbox.messages()
    named = messages.filter(pl.col("message_key").is_in(list(keys))).select("user_id", "channel").unique()
    return messages.join(named, on=["user_id", "channel"], how="semi")
