"""Sent messages, what became of them, and withdrawals received, as raw rows of `contacts` and `consents` that the next
snapshot reads.

A no that dispatch has read in the landing is among them: it counts from then on, even if its file is deleted.

The files are rebuilt from the record store each time, so that after a kill no row is missing or repeated. A contact has
one row as it was sent, and one more for each time at which opening or clicking was reported (known from then on).
"""

from __future__ import annotations

import json
from datetime import datetime
from io import BytesIO
from threading import Lock

import polars as pl
from filelock import FileLock

from churn_assets.consent.words import PURPOSE
from churn_assets.contracts.decision_ledger import DecisionLedger, treatment
from churn_assets.delivery.reported import AS_CLICKED, AS_OPENED
from churn_assets.instance.files import write_whole
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

SENT = """
select attempts.message_key, outbox.decision_id, outbox.user_id, outbox.channel, min(started_at), max(ended_at)
from attempts inner join outbox using (message_key)
where outbox.state in ('delivered', 'unknown') and attempts.fate in ('delivered', 'unknown', 'lost')
group by attempts.message_key order by attempts.message_key
"""
OPENED_OR_CLICKED = """
select message_key, event, occurred_at, received_at from message_events where event in (select value from json_each(?))
order by sequence
"""
WITHDRAWALS = """
select user_id, channel, is_granted, changed_at, received_at from consent_words
where not is_granted and source in ('unsubscribe', 'objection', 'landing') order by sequence
"""


def write_receipts(workplace: Workplace) -> None:
    """Write the received rows from the record store; no file where it has none."""
    # One writer at a time, so that no older rows replace newer ones.
    with FileLock(workplace.home.locks / "receipts.lock"):
        with workplace.record.reading() as connection:
            contacts, withdrawals = connection.execute(SENT).fetchall(), connection.execute(WITHDRAWALS).fetchall()
            events = connection.execute(OPENED_OR_CLICKED, (json.dumps([*AS_OPENED, *AS_CLICKED]),)).fetchall()
        if contacts:
            sent = _contacts(workplace, contacts)
            _write(workplace, "contacts", pl.concat([sent, _reported(sent, events)]))
        if withdrawals:
            _write(workplace, "consents", _consents(withdrawals))


class ReceivedFiles:
    """Writes them one thread at a time, for a server; who comes meanwhile is served by the thread that is at work."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace, self._is_due, self._at_work = workplace, False, Lock()

    def write(self) -> None:
        self._is_due = True
        while self._is_due and self._at_work.acquire(blocking=False):
            try:
                self._is_due = False
                write_receipts(self._workplace)
            finally:
                self._at_work.release()


def _contacts(workplace: Workplace, rows: list[tuple[str, ...]]) -> pl.DataFrame:
    names = ("contact_id", "decision_id", "user_id", "channel", "sent_at", "ingested_at")
    attempts = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    partitions = workplace.record.partitions(Stage.INTERVENTIONS, "decision_ledger")
    columns = ["decision_id", "snapshot_date", "policy_version", "arm", "level", "propensity", "expected_cost_amount"]
    ledger = pl.concat(
        [workplace.tables.read(p.stage, p.table, p.snapshot).select(columns) for p in partitions]
        or [pl.DataFrame(schema={name: DecisionLedger.to_schema().columns[name].dtype.type for name in columns})]
    )
    return attempts.join(ledger, on="decision_id", how="left", maintain_order="left").select(
        "contact_id",
        "user_id",
        pl.col("sent_at", "ingested_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us"),
        "channel",
        "propensity",
        campaign_id=pl.concat_str("policy_version", pl.lit("@"), pl.col("snapshot_date").dt.to_string("%Y-%m-%d")),
        arm=treatment("arm", "level"),
        is_randomised=pl.lit(value=False),  # the ledger has the assignments; here are only the messages sent
        cost_amount="expected_cost_amount",
        opened_at=pl.lit(None, pl.Datetime("us")),
        clicked_at=pl.lit(None, pl.Datetime("us")),
    )


def _reported(sent: pl.DataFrame, events: list[tuple[str, str, str, str]]) -> pl.DataFrame:
    """Further versions of contacts: the first opening and click reported until then, known when that was received."""
    names = ("contact_id", "event", "occurred_at", "received_at")
    reported = pl.DataFrame(events, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(
        pl.col("occurred_at", "received_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us")
    )
    # Clocks differ by seconds: nothing is opened before it was sent, or later than it was known.
    at = pl.max_horizontal("sent_at", pl.min_horizontal("occurred_at", "received_at"))
    first = {
        f"{name}_at": pl.when(pl.col("event").is_in(events)).then(at).cum_min().forward_fill().over("contact_id")
        for name, events in (("opened", AS_OPENED), ("clicked", AS_CLICKED))
    }
    return (
        sent.drop("opened_at", "clicked_at")
        .join(reported, on="contact_id", how="inner", maintain_order="right")
        .with_columns(**first)
        # The row of sending is older, even where its answer came later than this.
        .with_columns(ingested_at=pl.max_horizontal("received_at", pl.col("ingested_at") + pl.duration(microseconds=1)))
        .unique(["contact_id", "ingested_at"], keep="last", maintain_order=True)
        .select(sent.columns)
    )


def _consents(rows: list[tuple[str, str, int, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": [row[0] for row in rows],
            "channel": [row[1] for row in rows],
            "purpose": [PURPOSE] * len(rows),
            "is_granted": [bool(row[2]) for row in rows],
            "changed_at": [datetime.fromisoformat(row[3]) for row in rows],
            "ingested_at": [datetime.fromisoformat(row[4]) for row in rows],
        }
    )


def _write(workplace: Workplace, table: str, rows: pl.DataFrame) -> None:
    file, content = workplace.home.received / table / f"{table}.parquet", BytesIO()
    rows.write_parquet(content)
    if not file.exists() or file.read_bytes() != content.getvalue():
        write_whole(file, lambda target: target.write_bytes(content.getvalue()))
