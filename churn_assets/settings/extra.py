"""Extra columns of users and orders as the settings declare them (`features.extra`), and the features made of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from churn_assets.contracts.extra import PREFIX
from churn_assets.contracts.feature import Feature, ReasonGroup, ReasonWhen
from churn_assets.contracts.raw import RawColumn, RawTable, raw_contract
from churn_assets.settings.section import Section

NAME = re.compile(PREFIX + r"[a-z][a-z0-9_]*")
WINDOW = re.compile(r"_\d+d$")  # features that end so are of so many days (model/windows.py)
WHOLE_NUMBER = re.compile(r"(-?[0-9]+)\.0+")
# 19 digits before the point and 9 behind it: decimals add up to the same sum in any order, which floats do not.
NUMBER = "decimal(28,9)"
ExtraTable = Literal["users", "orders"]
EXTRA_TABLES: tuple[ExtraTable, ...] = get_args(ExtraTable)
Aggregate = Literal["mean", "sum", "last", "max", "share"]
# Per kind, how the values of several orders may become one, the default first.
AGGREGATES: dict[str, tuple[Aggregate, ...]] = {"number": ("mean", "last", "sum", "max"), "category": ("last", "share")}
DEFAULT_AGGREGATES: dict[str, tuple[Aggregate, ...]] = {"number": ("mean", "last"), "category": ("last",)}
# What is said of a number or a word, by aggregate; none: of the user. {label} and {value} are put in.
LABELS = {
    ("number", None): ("{label}", "{label}"),
    ("number", "mean"): ("mean {label} per order", "平均每单{label}"),
    ("number", "sum"): ("total {label} of all orders", "订单{label}合计"),
    ("number", "last"): ("{label} of the last order", "末单{label}"),
    ("number", "max"): ("largest {label} of an order", "单笔最大{label}"),
    ("category", None): ("{label} is {value}", "{label}为{value}"),
    ("category", "last"): ("{label} of the last order is {value}", "末单{label}为{value}"),
    ("category", "share"): ("share of orders whose {label} is {value}", "{label}为{value}的订单占比"),
}


@dataclass(frozen=True)
class ExtraFeature:
    """One feature of an extra column. `aggregate`: over a user's orders, None for a column of users; `word`: the
    declared value, in the form in which SQL compares it (macros/extra.sql), that a flag or a share is of.
    """

    feature: Feature
    aggregate: Aggregate | None
    word: str | None


class ExtraColumn(Section):
    """One declaration. Undeclared extra columns stay in the files; `churn check` names them."""

    name: str = Field(description="Of the column in the files: extra_ and small letters, digits or underscores.")
    table: ExtraTable = Field(description="Raw table whose files have it.")
    kind: Literal["number", "category"] = Field(description="number: a quantity; category: one of `values`.")
    values: tuple[str, ...] = Field(
        (),
        description="Words of a category that become a feature each, in any case; any other word is none of them, no "
        "word is unknown.",
    )
    aggregates: tuple[Aggregate, ...] = Field(
        (),
        description="Over the orders of a user known at the snapshot, one feature each. Of a number mean, last, sum, "
        "max (default mean and last), of a category last or share (default last). last: of the newest order that "
        "states it.",
    )
    family: str = Field(
        "extra",
        pattern=r"^[a-z][a-z_]*$",
        description="Family of its features, in drift and in treatment; a new one is treated as extra is.",
    )
    reason_group: ReasonGroup = Field("profile", description="Reason group under which it speaks to people.")
    reason_when: ReasonWhen = Field(
        "either",
        description="Which values can be a reason to a person: high, low, either or never. The flag of a category is "
        "high where it is yes.",
    )
    actionable: bool = Field(False, description="Whether the company can do something about it.")
    protected: bool = Field(
        False,
        description="No model ever sees it, whatever training.admit_protected says, and users are compared by it in "
        "monitoring.group_fairness.",
    )
    label: str | None = Field(None, min_length=1, max_length=60, description="In English; default: the name.")
    label_zh: str | None = Field(None, min_length=1, max_length=60, description="In Chinese; default: label.")

    @field_validator("name")
    @classmethod
    def _is_an_extra_name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"write {PREFIX} and then small letters, digits or underscores, as in extra_loyalty_level")
        if WINDOW.search(name):
            raise ValueError(f"a name that ends in {name.rsplit('_', 1)[1]!r} reads as a window of days: rename it")
        return name

    @field_validator("values", mode="before")
    @classmethod
    def _are_texts(cls, values: object) -> object:
        """YAML reads 1 as a number, and yes as true."""
        if not isinstance(values, list | tuple):
            return values
        if any(isinstance(value, bool) for value in values):
            raise ValueError("YAML reads yes, no, true and false without quotes as no text: write them in quotes")
        return tuple(str(value) if isinstance(value, int | float) else value for value in values)

    @model_validator(mode="after")
    def _kind_has_what_it_needs(self) -> Self:
        if self.kind == "category" and not self.values:
            raise ValueError(f"{self.name}: a category needs values, such as values: [gold, silver]")
        if self.kind == "number" and self.values:
            raise ValueError(f"{self.name}: a number has no values; make it a category, or leave values out")
        if self.table == "users" and self.aggregates:
            raise ValueError(f"{self.name}: a user has one value, so aggregates are for orders only; leave them out")
        unfit = [each for each in self.aggregates if each not in AGGREGATES[self.kind]]
        if unfit:
            known = ", ".join(AGGREGATES[self.kind])
            raise ValueError(f"{self.name}: no {unfit[0]} of a {self.kind}; write some of {known}")
        nameless = [value for value in self.values if not _part_of_name(value)]
        if nameless:
            raise ValueError(f"{self.name}: value {nameless[0]!r} holds no letter or digit to name its feature by")
        windows = [each.feature.name for each in self.features if WINDOW.search(each.feature.name)]
        if windows:
            raise ValueError(f"{self.name}: {windows[0]} would read as a feature of a window of days; rename the value")
        return self

    @property
    def raw_column(self) -> RawColumn:
        """The column as the reader of the landing takes it: optional, and unknown where it cannot be read."""
        kind = NUMBER if self.kind == "number" else "varchar"
        return RawColumn(self.name, kind, f"Extra column of this shop: {self._label}.")

    @property
    def features(self) -> tuple[ExtraFeature, ...]:
        """One per aggregate and value, in the order in which they are declared."""
        aggregates: Sequence[Aggregate | None] = (None,)
        if self.table == "orders":
            aggregates = self.aggregates or DEFAULT_AGGREGATES[self.kind]
        return tuple(self._feature(aggregate, value) for value in self.values or (None,) for aggregate in aggregates)

    @property
    def _label(self) -> str:
        return self.label or self.name.removeprefix(PREFIX).replace("_", " ")

    def _feature(self, aggregate: Aggregate | None, value: str | None) -> ExtraFeature:
        parts = (self.name, _part_of_name(value) if value else None, aggregate)
        english, chinese = LABELS[self.kind, aggregate]
        unit = "share" if aggregate == "share" else "number" if value is None else "flag"
        feature = Feature(
            name="_".join(part for part in parts if part),
            family=self.family,
            unit=unit,
            window_days=None,
            reason_group=self.reason_group,
            is_actionable=self.actionable,
            is_protected=self.protected,
            label_en=english.format(label=self._label, value=value),
            label_zh=chinese.format(label=self.label_zh or self._label, value=value),
            reason_when=self.reason_when,
        )
        return ExtraFeature(feature, aggregate, comparable(value) if value else None)


def extra_features(extra: Sequence[ExtraColumn]) -> Iterator[ExtraFeature]:
    """All features of all declarations."""
    for column in extra:
        yield from column.features


def repeated_names(extra: Sequence[ExtraColumn]) -> list[str]:
    """Names of columns of one table, or of features, that two declarations claim."""
    columns = Counter(f"{column.table}.{column.name}" for column in extra)
    features = Counter(each.feature.name for each in extra_features(extra))
    return [name for name, times in (*columns.items(), *features.items()) if times > 1]


def contract_with(extra: Sequence[ExtraColumn]) -> tuple[RawTable, ...]:
    """The raw contract of a shop: its tables with the declared columns behind their own."""
    return tuple(
        replace(table, columns=(*table.columns, *(column.raw_column for column in extra if column.table == table.name)))
        for table in raw_contract()
    )


def comparable(value: str) -> str:
    """The form in which words of a category are compared: small letters, and a whole number without its .0."""
    word = value.strip().lower()
    whole = WHOLE_NUMBER.fullmatch(word)
    return whole[1] if whole else word


def _part_of_name(value: str) -> str:
    return re.sub(r"\W+", "_", comparable(value)).strip("_")
