"""Sent messages and withdrawals received, as raw rows of `contacts` and `consents` that the next snapshot reads.

A no that dispatch has read in the landing is among them: it counts from then on, even if its file is deleted.

The files are rebuilt from the record store each time, so that after a kill no row is missing or repeated.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from churn_assets.consent.words import PURPOSE
from churn_assets.contracts.decision_ledger import DecisionLedger, treatment
from churn_assets.instance.files import write_whole
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

SENT = """
select attempts.message_key, outbox.decision_id, outbox.user_id, outbox.channel, min(started_at), max(ended_at)
from attempts inner join outbox using (message_key)
where outbox.state in ('delivered', 'unknown') and attempts.fate in ('delivered', 'unknown', 'lost')
group by attempts.message_key order by attempts.message_key
"""
WITHDRAWALS = """
select user_id, channel, is_granted, changed_at, received_at from consent_words
where not is_granted and source in ('unsubscribe', 'objection', 'landing') order by sequence
"""


def write_receipts(workplace: Workplace) -> None:
    """Write the received rows from the record store; no file where it has none."""
    with workplace.record.reading() as connection:
        contacts, withdrawals = connection.execute(SENT).fetchall(), connection.execute(WITHDRAWALS).fetchall()
    if contacts:
        _write(workplace, "contacts", _contacts(workplace, contacts))
    if withdrawals:
        _write(workplace, "consents", _consents(withdrawals))


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
    write_whole(workplace.home.received / table / f"{table}.parquet", rows.write_parquet)
