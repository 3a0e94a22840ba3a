"""What the warehouse holds of one user. Contact data is not in it."""

from __future__ import annotations

from datetime import date

import polars as pl

from churn_assets.consent.words import ALL
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.workplace import Workplace

# Schemas of tables; views for analysts with pseudonyms, and the rows of the landing that staging shows again, are none.
SCHEMAS = ("staging", "marts", "features", "training", "scoring", "interventions", "effects")
RELATIONS = """
select table_schema, table_name from information_schema.columns
where column_name = 'user_id' and list_contains($schemas, table_schema) order by all
"""
CONSENTS = f"""
select
  channel, purpose, is_granted, changed_at, known_at, counts_at,
  {", ".join(f"{channel}_consent" for channel in (*SENDING_CHANNELS, ALL))}
from marts.fct_consents
where user_id = $user
order by known_at, changed_at, channel
"""
CONTACTS = """
select contact_id, sent_at, channel, campaign_id, arm, opened_at, clicked_at from marts.fct_contacts
where user_id = $user and superseded_at is null
order by sent_at, contact_id
"""
ORDERS = """
select order_id, ordered_at, amount, status from marts.fct_orders
where user_id = $user and superseded_at is null
order by ordered_at, order_id
"""
REGISTERED = "select min(registered_at), min(known_at) from marts.dim_users where user_id = $user"


def consents_of(workplace: Workplace, user: str) -> pl.DataFrame:
    """One row per consent record as it became known: as delivered, and what it means for each channel and for all."""
    return workplace.warehouse.query(CONSENTS, {"user": user})


def contacts_of(workplace: Workplace, user: str) -> pl.DataFrame:
    """One row per contact, whoever made it."""
    return workplace.warehouse.query(CONTACTS, {"user": user})


def orders_of(workplace: Workplace, user: str) -> pl.DataFrame:
    """One row per order, its newest version."""
    return workplace.warehouse.query(ORDERS, {"user": user})


def known_since(workplace: Workplace, user: str) -> date | None:
    """The day of registration, or on which the shop's systems first knew the user."""
    registered_at, known_at = workplace.warehouse.query(REGISTERED, {"user": user}).row(0)
    first = registered_at or known_at
    return first.date() if first else None


def rows_of(workplace: Workplace, user: str) -> dict[str, pl.DataFrame]:
    """Every table with a column user_id that has rows of the user, by schema and name."""
    relations = workplace.warehouse.query(RELATIONS, {"schemas": list(SCHEMAS)})
    rows = {}
    for schema, table in relations.iter_rows():
        frame = workplace.warehouse.query(f'select * from "{schema}"."{table}" where user_id = $user', {"user": user})
        if frame.height:
            rows[f"{schema}.{table}"] = frame
    return rows
