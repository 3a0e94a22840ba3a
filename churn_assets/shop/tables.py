"""Shape of what the shop delivers: the columns of the raw tables it fills, and a batch. No values are made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

TIME = pl.Datetime("us")
TEXT, REAL, WHOLE, FLAG = pl.String(), pl.Float64(), pl.Int64(), pl.Boolean()

SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "users": {
        "user_id": TEXT, "registered_at": TIME, "birth_year": WHOLE, "gender": TEXT, "region": TEXT,
        "city_tier": WHOLE, "acquisition_channel": TEXT, "friend_count": WHOLE, "email": TEXT, "phone": TEXT,
        "ingested_at": TIME,
    },
    "orders": {
        "order_id": TEXT, "user_id": TEXT, "ordered_at": TIME, "amount": REAL, "discount_amount": REAL,
        "shipping_amount": REAL, "coupon_id": TEXT, "status": TEXT, "promised_at": TIME, "delivered_at": TIME,
        "platform": TEXT, "ingested_at": TIME,
    },
    "order_items": {
        "order_id": TEXT, "product_id": TEXT, "category": TEXT, "quantity": WHOLE, "unit_price": REAL,
        "list_price": REAL, "ingested_at": TIME,
    },
    "events": {
        "user_id": TEXT, "occurred_at": TIME, "event_type": TEXT, "event_id": TEXT, "session_id": TEXT,
        "product_id": TEXT, "category": TEXT, "dwell_seconds": REAL, "search_query": TEXT, "platform": TEXT,
        "ingested_at": TIME,
    },
    "returns": {
        "return_id": TEXT, "order_id": TEXT, "user_id": TEXT, "returned_at": TIME, "amount": REAL, "reason": TEXT,
        "ingested_at": TIME,
    },
    "reviews": {
        "review_id": TEXT, "user_id": TEXT, "reviewed_at": TIME, "rating": WHOLE, "product_id": TEXT,
        "order_id": TEXT, "text": TEXT, "language": TEXT, "ingested_at": TIME,
    },
    "coupons": {
        "coupon_id": TEXT, "user_id": TEXT, "issued_at": TIME, "expires_at": TIME, "redeemed_at": TIME,
        "order_id": TEXT, "face_amount": REAL, "min_spend_amount": REAL, "ingested_at": TIME,
    },
    "support_tickets": {
        "ticket_id": TEXT, "user_id": TEXT, "opened_at": TIME, "first_replied_at": TIME, "closed_at": TIME,
        "topic": TEXT, "satisfaction": WHOLE, "text": TEXT, "ingested_at": TIME,
    },
    "surveys": {
        "user_id": TEXT, "asked_at": TIME, "question": TEXT, "answer": TEXT, "ingested_at": TIME,
    },
    "contacts": {
        "contact_id": TEXT, "user_id": TEXT, "sent_at": TIME, "campaign_id": TEXT, "arm": TEXT, "channel": TEXT,
        "is_randomised": FLAG, "propensity": REAL, "cost_amount": REAL, "opened_at": TIME, "clicked_at": TIME,
        "ingested_at": TIME,
    },
    "consents": {
        "user_id": TEXT, "channel": TEXT, "purpose": TEXT, "is_granted": FLAG, "changed_at": TIME,
        "ingested_at": TIME,
    },
    "products": {
        "product_id": TEXT, "name": TEXT, "url": TEXT, "image_url": TEXT, "category": TEXT, "price": REAL,
        "ingested_at": TIME,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """One file the caller writes as `<folder>/<table>/<name>.parquet`.

    landing: the rows of one raw table that became known in one week, sorted by ingested_at.
    truth: what no real shop shows; its tables are described in truth.py.
    """

    folder: Literal["landing", "truth"]
    table: str
    name: str
    frame: pl.DataFrame
