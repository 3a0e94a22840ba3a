"""Cancelling messages as soon as their user withdraws consent, also in published plans and call lists."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from churn_assets.delivery.plan import republish
from churn_assets.instance.outbox import OPEN
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


def cancel_messages(workplace: Workplace, messages: pl.DataFrame) -> int:
    """Cancel those that are planned or approved, also in the published tables; returns how many.

    The record, which dispatch reads, is changed at once; the tables wait for the lock of the warehouse.
    """
    open_messages = messages.filter(pl.col("state").is_in(OPEN))
    cancelled = workplace.outbox.cancel(open_messages["message_key"].to_list())
    if cancelled:
        publish_cancelled(workplace, open_messages)
    return cancelled


def publish_cancelled(workplace: Workplace, messages: pl.DataFrame) -> None:
    """Show in the published tables what has become of these messages; waits for the lock of the warehouse."""
    for partition in workplace.record.partitions(Stage.INTERVENTIONS, "outbox"):
        published = workplace.tables.read(Stage.INTERVENTIONS, "outbox", partition.snapshot)
        if not published.join(messages, on="message_key", how="semi").is_empty():
            republish(workplace, partition.snapshot)


def messages_to(workplace: Workplace, users: Sequence[str]) -> pl.DataFrame:
    """All messages to these users, in their present state (contract Outbox)."""
    return workplace.outbox.messages().filter(pl.col("user_id").is_in(list(users)))


def messages_like(workplace: Workplace, keys: Sequence[str]) -> pl.DataFrame:
    """All messages with the user and channel of a message in `keys`."""
    messages = workplace.outbox.messages()
    recipients = messages.filter(pl.col("message_key").is_in(list(keys))).select("user_id", "channel").unique()
    return messages.join(recipients, on=["user_id", "channel"], how="semi")
