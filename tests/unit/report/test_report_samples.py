"""Which messages of a plan the report shows."""

from __future__ import annotations

import json

import polars as pl

from churn_assets.report.samples import SAMPLES, sampled_arms


def plan(*texts: str, state: str = "planned") -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """(outbox, ledger) of one message per text, of the arm reminder."""
    keys = [f"{number:032x}" for number in range(len(texts))]
    payloads = [json.dumps({"subject": text, "body": "b", "language": "en", "user_id": f"u{text}"}) for text in texts]
    outbox = pl.DataFrame(
        {"message_key": keys, "decision_id": keys, "channel": "email", "payload": payloads, "state": state}
    )
    ledger = pl.DataFrame(
        {"decision_id": keys, "arm": "reminder", "level": pl.Series([None] * len(keys), dtype=pl.String)}
    )
    return outbox.lazy(), ledger.lazy()


def test_only_different_texts_are_shown_and_not_too_many() -> None:
    (arm,) = sampled_arms(*plan("a", "a", "b", "a", "c"))
    assert [sample.subject for sample in arm.samples] == ["a", "b", "c"]
    assert arm.messages == 5
    (many,) = sampled_arms(*plan(*"abcdefgh"))
    assert [sample.subject for sample in many.samples] == list("abcdefgh")[:SAMPLES]


def test_a_cancelled_message_is_not_shown() -> None:
    assert sampled_arms(*plan("a", state="cancelled")) == []
