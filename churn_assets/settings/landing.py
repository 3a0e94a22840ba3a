"""The section of the settings about raw files: how they and their values are read. The others: sections.py."""

from __future__ import annotations

import codecs
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from churn_assets.consent.words import PURPOSE, simple
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.raw import EVENT_TYPES, raw_contract
from churn_assets.settings.names import did_you_mean
from churn_assets.settings.section import Section, Share

LONGEST_CLOSURE_DAYS = 366


def _of_the_contract(name: str) -> str:
    names = [table.name for table in raw_contract()]
    if name not in names:
        near = next(iter(get_close_matches(name, names, 1)), None)
        raise ValueError(f"no raw table is called {name!r}{did_you_mean(near)}; write one of {', '.join(names)}")
    return name


RawName = Annotated[str, AfterValidator(_of_the_contract)]
RepeatedIds = Literal["corrections", "lines", "restarting", "full_exports"]


class ConsentWords(Section):
    """Words of this shop besides the known ones (churn_assets/consent/words.py); case, blanks, hyphens do not count."""

    channels: dict[str, str] = Field(
        {},
        description=f"Word in consents.channel -> {', '.join(SENDING_CHANNELS)}, all, or other (a channel not used "
        "here).",
    )
    purposes: dict[str, str] = Field(
        {}, description="Word in consents.purpose -> direct_marketing, or other (does not touch marketing)."
    )
    granted: tuple[str, ...] = Field((), description="Words in consents.is_granted that say yes; all others say no.")

    @model_validator(mode="after")
    def _meanings_exist(self) -> Self:
        for name, meanings, known in (
            ("channels", self.channels, (*SENDING_CHANNELS, "all", "other")),
            ("purposes", self.purposes, (PURPOSE, "other")),
        ):
            for word, meaning in meanings.items():
                if meaning not in known:
                    raise ValueError(f"{name}: {word!r} means {meaning!r}; write one of {', '.join(known)}")
                if not simple(word):
                    raise ValueError(f"{name}: {word!r} is no word")
        return self


class ClosedDates(Section):
    """Days without expected rows, `from` and `to` included."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: date = Field(alias="from", description="The first of the days.")
    to: date = Field(description="The last of the days.")
    tables: tuple[RawName, ...] = Field((), description="Raw tables that this is about; none named: all of them.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ > self.to:
            raise ValueError(f"from {self.from_} is after to {self.to}")
        if (self.to - self.from_).days > LONGEST_CLOSURE_DAYS:
            raise ValueError(
                f"from {self.from_} to {self.to} is more than {LONGEST_CLOSURE_DAYS} days; is a year mistyped?"
            )
        return self

    def days(self) -> frozenset[date]:
        return frozenset(self.from_ + timedelta(days=day) for day in range((self.to - self.from_).days + 1))


class Landing(Section):
    uri: str | None = Field(None, description="Folder of the raw tables; default <home>/landing.")
    encoding: str = Field("utf-8", description="Of text files, such as gb18030 or cp1252.")
    time_zone: str = Field(
        "UTC", description="Of times that come without an offset, such as Asia/Shanghai (daylight saving included)."
    )
    ingested_time_zone: str | None = Field(
        None, description="The same for ingested_at, which a loader often writes in UTC; default: time_zone."
    )
    earliest: date = Field(
        date(1990, 1, 1),
        description="Times before it are none: two-digit years, epoch zero, the first day a database knows.",
    )
    max_days_ahead: int = Field(
        1,
        ge=0,
        le=3650,
        description="A row may have happened so many days after it became known, or become known so many after now; "
        "one allows for clocks of other time zones.",
    )
    loaded_until: datetime | None = Field(
        None,
        description="A history that was loaded in one go up to this time (UTC): rows with an ingested_at up to it "
        "count as known when they happened.",
    )
    decimal_separator: Literal[".", ","] = Field(".", description="Of amounts in text.")
    thousands_separator: Literal["", ",", ".", " ", "'"] = Field("", description="Of amounts in text.")
    currency_signs: tuple[str, ...] = Field(
        (), description="Signs to take off amounts in text, such as $ or EUR: all amounts must be of one currency."
    )
    nobody_ids: tuple[str, ...] = Field(
        ("0", "-1", "guest", "anonymous", "anon", "unknown", "nobody", "no user", "deleted", "游客", "匿名"),
        description="User ids (lower case) that stand for nobody: rows with them are refused, and counted.",
    )
    cancelled_statuses: tuple[str, ...] = Field(
        (
            "cancelled*", "canceled*", "cancellation*", "void", "voided", "failed", "declined",
            "rejected", "refused", "expired", "abandoned", "draft", "fraud", "test", "deleted", "trash", "refunded",
            "fully_refunded", "charged_back", "chargeback", "pending_payment", "payment_pending", "awaiting_payment",
            "unpaid", "payment_failed", "trade_closed", "trade_closed_by_taobao", "wait_buyer_pay", "annulled",
            "storniert", "已取消*", "已关闭", "订单取消*", "取消*", "交易关闭",
            "待付款", "等待付款", "未付款", "已退款", "退款成功", "付款失败",
        ),
        description="Order statuses that are no purchase; case, blanks, hyphens and a leading wc- do not count, and "
        "one that ends with * stands for all that begin so.",
    )  # fmt: skip
    purchase_statuses: tuple[str, ...] = Field(
        (
            "completed", "complete", "paid", "partially_paid", "placed", "confirmed", "processing", "packed", "shipped",
            "partially_shipped", "in_transit", "delivered", "fulfilled", "partially_fulfilled", "finished",
            "success", "succeeded", "authorized", "captured", "invoiced", "open", "new", "on_hold", "pending",
            "partially_refunded", "returned", "partially_returned", "trade_finished", "trade_success",
            "wait_seller_send_goods", "wait_buyer_confirm_goods", "已完成", "交易成功", "已付款", "待发货",
            "已发货", "待收货", "已签收", "已收货", "待评价",
        ),
        description="Order statuses known to be purchases. Any other counts as one too, and churn check names it.",
    )  # fmt: skip
    event_types: dict[str, str] = Field(
        {}, description=f"Type of event in this shop's words -> one that features count: {', '.join(EVENT_TYPES)}."
    )
    consent_words: ConsentWords = Field(ConsentWords(), description="Words of consents besides the known ones.")
    repeated_ids: dict[RawName, RepeatedIds] = Field(
        {},
        description="Per raw table, what a repeated id means. corrections (default): the row that became known later, "
        "or lies in a later file, replaces the earlier one. lines: rows of one delivery are lines of one order, whose "
        "amounts add up. restarting: ids begin anew each day, so id, day and user together name a row. full_exports: "
        "every file holds everything; a row counts from the day of the file that first says so.",
    )
    max_conflict_share: Share = Field(
        0.01, description="A run stops where more ids than this (and at least 5) contradict themselves."
    )
    min_kept_share: Share = Field(
        0.5, description="A run stops where less of the orders than this is left after the raw contract."
    )
    closed_dates: tuple[date | ClosedDates, ...] = Field(
        (),
        description="Days (UTC) on which the shop was closed, or a table had nothing to say: dates, or {from, to} with "
        "both days included, and tables where it is not about all of them. The check newest_rows_have_arrived expects "
        "nothing of these days.",
    )
    restated: bool = Field(
        False,
        description="Past snapshots rebuilt show what is known today, late rows and corrections included, instead "
        "of what was known then. For looking back only: such features look ahead.",
    )

    @field_validator("time_zone", "ingested_time_zone")
    @classmethod
    def _zone_exists(cls, name: str | None) -> str | None:
        return name if name is None else existing_zone(name)

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, name: str) -> str:
        try:
            return codecs.lookup(name).name
        except LookupError as error:
            raise ValueError(f"encoding {name!r} is unknown; write one such as utf-8, gb18030 or cp1252") from error

    @field_validator("loaded_until")
    @classmethod
    def _is_naive(cls, moment: datetime | None) -> datetime | None:
        if moment is not None and moment.tzinfo is not None:
            raise ValueError(f"loaded_until {moment.isoformat()} has an offset; write it in UTC without one")
        return moment

    @field_validator("event_types")
    @classmethod
    def _types_are_known(cls, types: dict[str, str]) -> dict[str, str]:
        for word, meaning in types.items():
            if meaning not in EVENT_TYPES:
                raise ValueError(f"event_types: {word!r} means {meaning!r}; write one of {', '.join(EVENT_TYPES)}")
        return types

    @field_validator("repeated_ids")
    @classmethod
    def _modes_fit_tables(cls, modes: dict[str, RepeatedIds]) -> dict[str, RepeatedIds]:
        for table, mode in modes.items():
            if mode in ("lines", "restarting") and table != "orders":
                raise ValueError(f"{table}: {mode} is for orders only")
        return modes

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if self.thousands_separator == self.decimal_separator:
            raise ValueError(f"thousands_separator and decimal_separator are both {self.decimal_separator!r}")
        return self

    def closed_days(self, table: str) -> frozenset[date]:
        """All days on which a raw table is expected to be empty."""
        spans = [ClosedDates(from_=day, to=day) if isinstance(day, date) else day for day in self.closed_dates]
        return frozenset().union(*(span.days() for span in spans if not span.tables or table in span.tables))


def existing_zone(name: str) -> str:
    """The name, if it is one of a time zone. Raises ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"time_zone {name!r} is unknown; write one such as Europe/Berlin") from error
    return name
