"""A landing folder made at random of what companies really deliver, and what has to become of every row of it.

Kinds: formats, packings, delimiters, encodings, cases of names and endings, forms of ids, times and amounts, words for
no value, statuses, users that are nobody, repeats, corrections, contradictions, files that are not read, and mistakes
that stop the reading; beside the orders the words of consents. The same seed gives the same folder.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.fuzzed_consents import Meaning, fuzzed_consents
from benchmarks.fuzzed_files import FuzzedFile, Row, write_file
from benchmarks.fuzzed_mistakes import make_a_mistake

NOW = datetime(2026, 11, 16, 12)
Kept = tuple[str, str, datetime, float, bool, float | None, datetime | None, datetime]

NO_VALUES = ["", "NULL", "null", "\\N", "NaN", "None", "n/a"]
PURCHASES = ["completed", "Paid", "shipped", "wc-completed", "交易成功", ""]
CANCELLED = ["cancelled", "Canceled by buyer", "wc-cancelled", "voided", "已取消", "TRADE_CLOSED", "refunded", "Test"]
NOBODIES = ["0", "-1", "guest", "Anonymous", *NO_VALUES]
NO_TIMES = ["26-10-20", "0001-01-01", "1970-01-01 00:00:00", "9999-12-31", "2026-11-01 09:15:00 CST", "yesterday",
            "1700000000", "11/13/2026", "2026-02-30", *NO_VALUES]  # fmt: skip
NO_AMOUNTS = ["-5", "abc", "1_000", "12,5,0", "inf", *NO_VALUES]
NO_IDS = ["1.63E+17", "9.1e+20", "18014398509481985.0", *NO_VALUES]
UNREAD = ["notes.xlsx", "old.csv.bak", "dump.sql", "readme.md", "a.parquet.gz"]
HIDDEN = ["_SUCCESS", ".a.csv.crc", "_temporary/0/part-0.csv", ".staging/x.ndjson"]
STYLES: dict[str, dict[str, Any]] = {
    "plain": {},
    "euro": {"decimal_separator": ",", "thousands_separator": ".", "currency_signs": ["€"]},
    "dollar": {"thousands_separator": ",", "currency_signs": ["$"]},
}


@dataclass(frozen=True)
class Order:
    """What an order was in truth; `known_at` None: the file does not say when it became known."""

    order_id: str
    user_id: str
    ordered_at: datetime
    amount: float
    status: str
    discount: float | None
    delivered_at: datetime | None
    known_at: datetime | None

    @property
    def kept(self) -> Kept:
        is_purchase = self.status in PURCHASES
        return (self.order_id, self.user_id, self.ordered_at, self.amount, is_purchase, self.discount,
                self.delivered_at, self.known_at or self.ordered_at)  # fmt: skip


@dataclass
class Fuzzed:
    """A folder, how it has to be read, and what must come of it. `mistake`: words of the one error there has to be."""

    folder: Path
    settings: dict[str, Any]
    rows: int = 0
    refused: int = 0
    kept: set[Kept] = field(default_factory=set)
    replaced: set[Kept] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    mistake: str | None = None
    meanings: Counter[Meaning] = field(default_factory=Counter)


def fuzzed(folder: Path, seed: int) -> Fuzzed:
    """Write the landing of a seed into an empty folder."""
    return _Maker(folder, random.Random(seed)).make()  # noqa: S311 - a fuzzer's dice


class _Maker:
    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.chance = chance
        style = chance.choice(list(STYLES))
        self.zone = chance.choice(["UTC", "UTC", "Asia/Shanghai", "Europe/Berlin"])
        self.encoding = chance.choice(["utf-8", "utf-8", "utf-8", "gb18030", "utf-16"])
        self.style, self.has_known = style, chance.random() < 0.6
        self.ids = chance.choice(["text", "whole", "zeros", "long", "uuid"])
        self.made = Fuzzed(folder, {"time_zone": self.zone, "encoding": self.encoding, **STYLES[style],
                                    "max_conflict_share": 1.0, "min_kept_share": 0.0})  # fmt: skip
        self.files = [self._file(number) for number in range(chance.randint(1, 4))]

    def make(self) -> Fuzzed:
        users = [self._id(number, "u") for number in range(self.chance.randint(3, 20))]
        for number in range(self.chance.randint(10, 60)):
            self._tell(self._order(number, users))
        for _ in range(self.chance.randint(0, 12)):
            self._tell_broken(users)
        for file in self.files:
            write_file(
                self.made.folder, file, self.encoding, has_whole_ids=self.ids in ("whole", "long"), chance=self.chance
            )
        self.made.meanings = fuzzed_consents(self.made.folder, self.encoding, self.chance)
        self._put_beside()
        if self.chance.random() < 0.15:
            self.made.mistake = make_a_mistake(self.made.folder / "orders" / "zz", self.encoding, self.chance)
        return self.made

    def _id(self, number: int, prefix: str) -> str:
        return {
            "text": f"{prefix}-{number}",
            "whole": str(1000 + 7 * number),
            "zeros": f"{number:06}",
            "long": str(90071992547409930 + number),
            "uuid": f"{prefix}{number:07x}-0000-4000-8000-00000000000{number % 10}",
        }[self.ids]

    def _order(self, number: int, users: list[str]) -> Order:
        chance = self.chance
        at = datetime(2026, 1, 1) + timedelta(seconds=chance.randrange(280 * 86_400))
        return Order(
            self._id(5000 + number, "o"), chance.choice(users), at, chance.randrange(1, 300_000) / 100,
            chance.choice(PURCHASES if chance.random() < 0.8 else CANCELLED),
            chance.choice([None, chance.randrange(500) / 100]),
            chance.choice([None, at + timedelta(days=2)]),
            at + timedelta(hours=chance.randint(1, 90)) if self.has_known else None,
        )  # fmt: skip

    def _tell(self, order: Order) -> None:
        """The order in some file; sometimes again, corrected, or contradicted."""
        chance, first = self.chance, self.chance.randrange(len(self.files))
        self._add(first, order)
        told = chance.random()
        if told < 0.1:  # the same again
            self._add(chance.randrange(len(self.files)), order)
        elif told < 0.2 and order.known_at:  # corrected later
            status = chance.choice(CANCELLED if order.status in PURCHASES else PURCHASES)
            later = replace(order, status=status, known_at=order.known_at + timedelta(days=1))
            self._add(chance.randrange(len(self.files)), later)
            self.made.kept.add(later.kept)
        elif told < 0.25 and first + 1 < len(self.files):  # something else in a later file
            other = replace(order, amount=round(order.amount + 1, 2))
            self._add(len(self.files) - 1, other)
            self.made.kept.add(other.kept)
            self.made.replaced.add(order.kept)
            return
        elif told < 0.3:  # two things in one file
            self._add(first, replace(order, amount=round(order.amount + 1, 2)))
            self.made.refused += 2
            return
        self.made.kept.add(order.kept)

    def _tell_broken(self, users: list[str]) -> None:
        order = self._order(900 + len(self.made.unread) + self.made.rows, users)
        number = self.chance.randrange(len(self.files))
        column = self.chance.choice(["order_id", "user_id", "user_id", "ordered_at", "amount"])
        value = self.chance.choice({"order_id": NO_IDS, "user_id": [*NOBODIES, *NO_IDS], "ordered_at": NO_TIMES,
                                    "amount": NO_AMOUNTS}[column])  # fmt: skip
        if self.files[number].form == "parquet":
            value = None if column != "amount" else -5.0
        self._add(number, order, **{column: value})
        self.made.refused += 1

    def _add(self, number: int, order: Order, **broken: Any) -> None:
        file = self.files[number]
        file.rows.append({**(self._typed(order) if file.form == "parquet" else self._text(order)), **broken})
        self.made.rows += 1

    def _typed(self, order: Order) -> Row:
        return {
            "order_id": order.order_id, "user_id": order.user_id, "ordered_at": self._local(order.ordered_at),
            "amount": order.amount, "status": order.status, "discount_amount": order.discount,
            "delivered_at": order.delivered_at and self._local(order.delivered_at),
            "ingested_at": order.known_at and self._local(order.known_at),
        }  # fmt: skip

    def _text(self, order: Order) -> Row:
        chance = self.chance
        return {
            "order_id": self._id_text(order.order_id), "user_id": self._id_text(order.user_id),
            "ordered_at": self._time_text(order.ordered_at), "amount": self._number_text(order.amount),
            "status": order.status,
            "discount_amount": chance.choice(NO_VALUES)
            if order.discount is None else self._number_text(order.discount),
            "delivered_at": chance.choice([*NO_VALUES, "0000-00-00 00:00:00", "0001-01-01"])
            if order.delivered_at is None else self._time_text(order.delivered_at),
            "ingested_at": "" if order.known_at is None else self._time_text(order.known_at),
        }  # fmt: skip

    def _id_text(self, text: str) -> str:
        forms: list[Callable[[str], str]] = [str, str, lambda t: f" {t}", lambda t: f"{t}\t", lambda t: f'="{t}"',
                                             lambda t: f"'{t}", lambda t: f"{t}\u200b"]  # fmt: skip
        if self.ids == "whole":
            forms += [lambda t: f"{t}.0", lambda t: f"{t[0]}.{t[1:]}E+{len(t) - 1}"]
        if self.encoding == "gb18030":
            forms.pop()
        return self.chance.choice(forms)(text)

    def _time_text(self, at: datetime) -> str:
        local = self._local(at)
        shanghai = at + timedelta(hours=8)
        return self.chance.choice([
            f"{local:%Y-%m-%d %H:%M:%S}", f"{local:%Y-%m-%dT%H:%M:%S}", f"{local:%Y/%m/%d %H:%M:%S}",
            f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M:%S} UTC", f"{shanghai:%Y-%m-%d %H:%M:%S} +0800",
            f"{shanghai:%Y-%m-%dT%H:%M:%S}+08:00", f"{at:%Y-%m-%d %H:%M:%S}.000+00",
        ])  # fmt: skip

    def _local(self, at: datetime) -> datetime:
        return at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def _number_text(self, number: float) -> str:
        grouped = f"{number:,.2f}"
        swapped = grouped.translate(str.maketrans(",.", ".,"))
        return self.chance.choice({
            "plain": [f"{number:.2f}", f" {number:.2f}"],
            "euro": [swapped, f"{swapped} €", f"{number:.2f}".replace(".", ",")],
            "dollar": [grouped, f"${grouped}", f"$ {number:.2f}"],
        }[self.style])  # fmt: skip

    def _file(self, number: int) -> FuzzedFile:
        chance = self.chance
        form = chance.choice(["csv", "csv", "tsv", "semicolon", "json", "ndjson", "parquet"])
        ending = {"csv": "csv", "semicolon": "csv", "tsv": "tsv", "json": "json", "ndjson": "ndjson",
                  "parquet": "parquet"}[form]  # fmt: skip
        if form in ("csv", "tsv", "semicolon", "ndjson") and self.encoding == "utf-8":
            ending += chance.choice(["", "", ".gz", ".zst"])
        elif form in ("csv", "tsv", "semicolon"):
            ending += chance.choice(["", ".gz"])
        ending = ending.upper() if chance.random() < 0.2 else ending
        columns = ["order_id", "user_id", "ordered_at", "amount", "status", "discount_amount", "delivered_at"]
        columns += ["ingested_at"] if self.has_known else []
        chance.shuffle(columns)
        folder = chance.choice(["", "2026/", f"month={number}/"])
        # The order in which files count is that of their paths, whatever folder each is in.
        return FuzzedFile(f"orders/{number:02}/{folder}{number}.{ending}", form, [], columns)

    def _put_beside(self) -> None:
        for names, is_named in ((UNREAD, True), (HIDDEN, False)):
            for name in self.chance.sample(names, self.chance.randint(0, 2)):
                path = self.made.folder / "orders" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("order_id,user_id,ordered_at,amount\nhidden,hidden,2026-01-01,1\n")
                if is_named:
                    self.made.unread.add(name)
