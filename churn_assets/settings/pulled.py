"""Rows of `mapping.yaml` that are fetched from a database: where they are, what says that one is new, how often is
looked for deleted ones. Who reads, and with which password, is in the environment and nowhere else.
"""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from churn_assets.settings.section import Section, Share

DATABASES = {"postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
EXAMPLE_ADDRESS = "https://files.example.org/orders.csv.gz or s3://bucket/orders/*.parquet"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EXAMPLE = "postgresql://db.example.org:5432/shop"
WITH_DELETIONS = ("orders", "consents")  # of other raw tables a deletion means nothing (landing/change_feed.py)


class PulledTable(Section):
    """What of a database becomes rows of one raw table. Without a source that has a `database` all of it is empty."""

    table: str | None = Field(None, description="Table or view of the database, also with its schema: sales.orders.")
    query: str | None = Field(None, description="A select instead of a table, without a semicolon.")
    cursor: str | None = Field(
        None,
        description="Column that grows with every new or changed row: a time (updated_at) or a number (id). Without "
        "one everything is read each time, and what differs from the last reading is kept.",
    )
    overlap_minutes: int = Field(
        120,
        ge=0,
        le=525_600,
        description="Of a cursor of times: so much before the newest is read again, for rows that were committed late "
        "and the hour that daylight saving repeats.",
    )
    overlap_ids: int = Field(
        10_000,
        ge=0,
        description="Of a cursor of numbers: so many before the greatest are read again, for rows committed late.",
    )
    deleted_after_hours: float = Field(
        24,
        ge=0,
        description="Of orders and consents: how many hours after the last look the database is searched again for "
        "rows that are gone. 0: never, for a shop that archives old orders.",
    )
    holds_everything: bool = Field(
        False,
        description="Of files at an address: they hold all orders or consents each time, so one that is not in them "
        "any more is gone.",
    )
    max_deleted_share: Share = Field(
        0.05, description="Orders: where more than this share (and 20 rows) is gone at once, reading stops."
    )

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if self.table and self.query:
            raise ValueError("table and query are two places: keep one")
        if self.query and ";" in self.query:
            raise ValueError("query: write one select, without a semicolon")
        return self

    @property
    def is_of_a_database(self) -> bool:
        return bool(self.table or self.query or self.cursor)


class Pages(Section):
    """How a web API gives rows, a page at a time, as JSON. Without anything stated the next page is where the header
    `Link` of an answer says, as Shopify, WooCommerce and GitHub do it.
    """

    rows: str = Field(
        "", description="Key of the answer with the list of rows: orders, data.items. Empty: it is the list."
    )
    id: str = Field(
        "id",
        description="Key of a row with its id: of rows that come twice, since pages shift meanwhile, the last counts.",
    )
    page_parameter: str | None = Field(
        None, description="Parameter of the address with the number of a page; read from 1 on until one is empty."
    )
    next_address: str | None = Field(
        None, description="Key of the answer with the address of the next page: links.next."
    )
    next_token: str | None = Field(
        None, description="Key of the answer with what the next page is asked by, in token_parameter: meta.next_cursor."
    )
    token_parameter: str | None = Field(None, description="Parameter of the address that takes next_token.")
    changed: str | None = Field(
        None, description="Key of a row with the time of its last change: updated_at; without an offset it is UTC."
    )
    changed_since: str | None = Field(
        None,
        description="Parameter of the address by which only rows come that changed since a time: updated_at_min. "
        "Without one everything is read each time.",
    )
    overlap_minutes: int = Field(
        120, ge=0, le=525_600, description="So much before the newest change is read again, for rows that came late."
    )
    token_header: str = Field(
        "Authorization",
        pattern=r"^[A-Za-z0-9-]{1,60}$",
        description="Header with CHURN_SOURCE_<NAME>_TOKEN: X-Shopify-Access-Token; in Authorization it is a Bearer.",
    )

    @model_validator(mode="after")
    def _leads_one_way(self) -> Self:
        ways = [name for name in ("page_parameter", "next_address", "next_token") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)} are two ways to the next page: keep one")
        if bool(self.next_token) != bool(self.token_parameter):
            raise ValueError("next_token and token_parameter belong together: state both")
        if bool(self.changed) != bool(self.changed_since):
            raise ValueError("changed and changed_since belong together: state both")
        return self


def variable(source: str, what: str) -> str:
    """The variable of the environment with the user, password or token of a source: CHURN_SOURCE_SHOP_PASSWORD."""
    return f"CHURN_SOURCE_{re.sub('[^A-Z0-9]', '_', source.upper())}_{what.upper()}"


def checked_database(url: str) -> str:
    """The URL, if it names a database and nobody. Raises ValueError, which does not repeat it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"database is no URL: write one such as {EXAMPLE}") from None
    if parts.scheme not in DATABASES:
        raise ValueError(f"database is none of {', '.join(DATABASES)}: write one such as {EXAMPLE}")
    refuse_people(url, "database")
    if not parts.hostname and parts.scheme in ("mysql", "mariadb"):
        raise ValueError(f"database names no host: write one such as {EXAMPLE}")
    if len(parts.path.strip("/")) == 0 or "/" in parts.path.strip("/"):
        raise ValueError(f"database names no database: write one such as {EXAMPLE}")
    return url


def checked_address(uri: str) -> str:
    """The URI, if it names files at an address and nobody. Raises ValueError, which does not repeat it."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise ValueError(f"uri is no address: write one such as {EXAMPLE_ADDRESS}") from None
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("uri: http lets everybody on the way read and change the rows; write https")
    if parts.scheme not in ("https", "http", "s3") or not parts.hostname:
        raise ValueError(f"uri is none of https and s3: write one such as {EXAMPLE_ADDRESS}")
    refuse_people(uri, "uri")
    if set("*?[]") & set(parts.path) and parts.scheme != "s3":
        raise ValueError("uri: a pattern is for s3 only, since no other address says what it holds; name one file")
    return uri


def refuse_people(url: str, what: str) -> None:
    """Raises ValueError for a URL with a user or a password, which it does not repeat."""
    parts = urlsplit(url)
    if "@" in parts.netloc or re.search(
        r"(?i)(password|passwd|user|token|secret|signature|access_key)[^=&]*=", parts.query
    ):
        raise ValueError(
            f"{what} has a user or a password in it: take them out, and give them by the environment, as "
            f"{variable('NAME', 'user')} and {variable('NAME', 'password')} with the name of the source"
        )
