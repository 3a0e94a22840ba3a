"""The table `churn_definitions` as the tables that people read, in the terminal and on the page: text only."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from churn_assets.contracts.churn_definitions import AGREEMENT, BACK_DAYS

UNKNOWN = "-"


@dataclass(frozen=True)
class TextTable:
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


def text_tables(frame: pl.DataFrame) -> list[TextTable]:
    """Tables of base rates and returns, lead time, agreement; `frame` is of one snapshot."""
    names = frame["definition"].unique(maintain_order=True).to_list()
    pairs = frame.filter(measure="kappa").select("definition", "compared_with")
    pairs = pairs.filter(pl.col("definition") < pl.col("compared_with"))
    return [
        TextTable(
            "Who churns, and who comes back",
            (
                "definition",
                "slices",
                "first",
                "mean",
                "last",
                *(f"back {d} d" for d in BACK_DAYS),
                "median",
            ),
            tuple((name, *_rates(frame, name), *_returns(frame, name)) for name in names),
            "Shares of eligible users per labelled snapshot (slice); of churners, shares with a purchase within "
            "so many days after the window, among slices observed for so long; median days within the longest.",
        ),
        TextTable(
            "Lead time from the first alarm (urgent or watch) to the label window of churn",
            ("definition", "churners", "warned before", "median days"),
            tuple((name, *_lead(frame, name)) for name in names),
            "Churners who were scored before churning. A dash: it needs scored snapshots whose labels have matured.",
        ),
        TextTable(
            "Agreement",
            ("definition", "with", "equal", "kappa", "Jaccard"),
            tuple((one, other, *_agreement(frame, one, other)) for one, other in pairs.iter_rows()),
            "Share of equal labels; Cohen's kappa: agreement beyond chance; Jaccard: churners by both over by either.",
        ),
    ]


def _rates(frame: pl.DataFrame, name: str) -> tuple[str, ...]:
    rates = frame.filter(definition=name, measure="base_rate").sort("slice_date")["value"]
    return (str(len(rates)), *(_share(value) for value in (rates.first(), rates.mean(), rates.last())))


def _returns(frame: pl.DataFrame, name: str) -> tuple[str, ...]:
    shares = [_share(_users_and_value(frame, name, f"back_within_{days}d_share")[1]) for days in BACK_DAYS]
    return (*shares, _days(_users_and_value(frame, name, "back_median_days")[1]))


def _lead(frame: pl.DataFrame, name: str) -> tuple[str, ...]:
    users, warned = _users_and_value(frame, name, "warned_share")
    return (
        f"{users:,}" if users else UNKNOWN,
        _share(warned),
        _days(_users_and_value(frame, name, "lead_median_days")[1]),
    )


def _agreement(frame: pl.DataFrame, one: str, other: str) -> tuple[str, ...]:
    pair = frame.filter(definition=one, compared_with=other)
    equal, kappa, jaccard = (pair.filter(measure=measure)["value"][0] for measure in AGREEMENT)
    return _share(equal), UNKNOWN if kappa is None else f"{kappa:.2f}", _share(jaccard)


def _users_and_value(frame: pl.DataFrame, name: str, measure: str) -> tuple[int, float | None]:
    users, value = frame.filter(definition=name, measure=measure).select("users", "value").row(0)
    return users, value


def _share(value: object) -> str:
    return f"{value:.1%}" if isinstance(value, float) else UNKNOWN


def _days(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f}"
