"""Messages of a plan as a user will read them: a few different ones per arm and level, the same each time, without the
user.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from churn_assets.catalogue.arms import treatment_of

SAMPLES = 5  # different texts per treatment
LOOKED_AT = 100  # messages among which they are looked for


@dataclass(frozen=True)
class Sample:
    """`products`: names of the items it shows; `code_from`: who puts the coupon's code in, if it has one."""

    subject: str
    body: str
    language: str | None
    products: Sequence[str]
    has_code: bool
    code_from: str | None


@dataclass(frozen=True)
class SampledArm:
    """`samples`: up to SAMPLES texts, all different."""

    treatment: str
    channel: str
    messages: int
    samples: Sequence[Sample]


def sampled_arms(outbox: pl.LazyFrame, ledger: pl.LazyFrame) -> list[SampledArm]:
    """By channel and treatment. `outbox`: messages of the snapshot that are not cancelled count; drawn by their key,
    which says nothing about the user.
    """
    decided = ledger.select("decision_id", "arm", "level")
    known = (
        outbox.filter(pl.col("state") != "cancelled")
        .select("message_key", "decision_id", "channel")
        .join(decided, on="decision_id", how="inner")
        .collect()
    )
    arms = []
    for rows in known.sort("channel", "arm", "level", "message_key").partition_by(
        "channel", "arm", "level", maintain_order=True
    ):
        keys = rows["message_key"].head(LOOKED_AT).to_list()
        payloads = outbox.filter(pl.col("message_key").is_in(keys)).select("message_key", "payload").collect()
        channel, arm, level = rows.select("channel", "arm", "level").row(0)
        samples = [_sample(payload) for payload in payloads.sort("message_key")["payload"]]
        different = list({(sample.subject, sample.body): sample for sample in samples}.values())
        arms.append(SampledArm(treatment_of(arm, level), channel, rows.height, different[:SAMPLES]))
    return arms


def _sample(payload: str) -> Sample:
    message = json.loads(payload)
    return Sample(
        message["subject"],
        message["body"],
        message.get("language"),
        [product["name"] for product in message.get("products", []) if product.get("name")],
        message.get("code") is not None or message.get("code_from") is not None,
        message.get("code_from"),
    )
