"""`churn check`: what is read of the landing and what is not, before anything runs. The first command of a new shop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
from rich.table import Table

from churn_assets.command.onward import onward
from churn_assets.contracts.raw import raw_contract
from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import PlainConsole, wide_console
from churn_assets.landing import oddities, of_home
from churn_assets.landing.contact import open_contacts
from churn_assets.landing.contents import LandingContents
from churn_assets.landing.erased_users import without_erased_users
from churn_assets.landing.files import BOOKKEEPING
from churn_assets.landing.findings import LandingFinding
from churn_assets.landing.review import TableReview, in_temp_tables, review_table
from churn_assets.landing.rhythm import rhythm_of
from churn_assets.monitoring.outlook import outlook

if TYPE_CHECKING:
    from churn_assets.pulling.health import SourceHealth

SHOWN_REFUSALS = 3
COUNTS = ("files", "not read", "rows", "kept", "replaced", "refused")


@dataclass(frozen=True)
class _CheckResult:
    """What the command prints. `statuses`: see landing/oddities.py; `scale`: see _scale."""

    home: Home
    contents: LandingContents
    reviews: list[TableReview]
    findings: list[LandingFinding]
    statuses: list[tuple[str, int, bool, bool]]
    scale: dict[str, float | None]
    outlook: list[str]
    sources: Sequence[SourceHealth]

    @property
    def can_run(self) -> bool:
        return not any(finding.severity == "error" for finding in self.findings)


def check(root: Path, *, as_json: bool = False) -> bool:
    """Print what the landing holds and what is wrong with it; returns whether a run can begin. Raises LandingError."""
    home = Home(root)
    landing = of_home.landed(home)
    contents = replace(landing, tables=without_erased_users(landing.tables, home.root))
    with duck() as connection:
        contents = in_temp_tables(connection, contents)
        reviews = [review_table(connection, table) for table in contents.tables.values()]
        findings = oddities.findings(connection, contents)
        findings += oddities.unread_values(reviews)
        statuses = oddities.statuses(connection, contents.tables)
        scale = _scale(connection, contents)
        said = _outlook(connection, home, contents)
    findings += [
        LandingFinding("warning", "landing", line, "") for line in open_contacts(contents.tables, Path(home.landing))
    ]
    sources = _sources(home)
    findings += [
        LandingFinding("error", "sources", each.problem, "A run begins by reading them")
        for each in sources
        if each.problem
    ]
    result = _CheckResult(home, contents, reviews, findings, statuses, scale, said, sources)
    if as_json:
        print(json.dumps(_as_json(result), indent=2, default=_text))
    else:
        _show(wide_console(), result)
    return result.can_run


def _sources(home: Home) -> Sequence[SourceHealth]:
    if not home.mapping.pulled:
        return ()
    from churn_assets.pulling.health import health  # noqa: PLC0415 - what it reads with takes 0.3 s to load

    return health(home)


def _outlook(connection: duckdb.DuckDBPyConnection, home: Home, contents: LandingContents) -> list[str]:
    """What can be said of a shop of this size and age."""
    churn, settings = home.settings.churn, home.settings
    rhythm = rhythm_of(connection, contents.tables["orders"], churn.horizon_days, churn.active_within_days)
    if not rhythm.buyers:
        return []
    return list(
        outlook(
            rhythm, horizon_days=churn.horizon_days, active_within_days=churn.active_within_days,
            min_users=settings.training.min_users, holdout_share=settings.decisions.holdout_share,
        )
    )  # fmt: skip


def _scale(connection: duckdb.DuckDBPyConnection, contents: LandingContents) -> dict[str, float | None]:
    """Distribution of order amounts, in which a wrong unit or currency shows at once."""
    row = connection.execute(
        "select min(amount), median(amount), quantile_cont(amount, 0.99), max(amount) "
        f"from {contents.tables['orders'].scan} where refused_because is null and is_purchase"
    ).fetchone()
    names = ("smallest", "median", "percentile_99", "largest")
    return {
        name: None if value is None else float(value) for name, value in zip(names, row or (None,) * 4, strict=True)
    }


def _show(console: PlainConsole, result: _CheckResult) -> None:
    options = result.home.settings.landing
    console.print(f"Landing {result.home.landing}", markup=False)
    console.print(
        f"Times without an offset are read as {options.time_zone}, text as {options.encoding}, "
        f"decimal sign {options.decimal_separator}",
        markup=False,
    )
    _show_sources(console, result.sources)
    console.print(_overview(result.reviews, result.contents))
    for review in result.reviews:
        for refusal in review.refused[:SHOWN_REFUSALS]:
            first = f" (first: {', '.join(refusal.examples)})" if refusal.examples else ""
            console.print(
                f"  refused  {review.name}: {refusal.rows:,} rows, {refusal.reason}{first}",
                markup=False,
                soft_wrap=True,
            )
    if any(review.rows_refused for review in result.reviews):
        console.print("  Refused rows go to staging.quarantine, are counted there and used nowhere.")
    _show_orders(console, result.statuses, result.scale)
    for sentence in result.outlook:
        console.print(sentence, markup=False)
    for table in raw_contract():
        if table.name not in result.contents.tables:
            console.print(f"Missing: {table.name} ({table.used_for})", markup=False)
    for finding in result.findings:
        console.print(f"{finding.severity:>7}  {finding}", markup=False, soft_wrap=True)
    errors = sum(finding.severity == "error" for finding in result.findings)
    if errors:
        console.print(f"{errors} errors: a run would refuse to begin.  [landing]")
        return
    if not result.findings and not any(review.rows_refused for review in result.reviews):
        console.print("Every row keeps the raw contract.")
    console.print(onward(result.home.root, "run"), markup=False, soft_wrap=True)


def _show_sources(console: PlainConsole, sources: Sequence[SourceHealth]) -> None:
    for source in sources:
        console.print(f"S{str(source)[1:]}", markup=False)


def _show_orders(
    console: PlainConsole, statuses: list[tuple[str, int, bool, bool]], scale: dict[str, float | None]
) -> None:
    listed = ", ".join(f"{word} {rows:,} {'yes' if is_one else 'no'}" for word, rows, is_one, _ in statuses[:20])
    if listed:
        console.print(f"Order statuses, rows, counts as a purchase: {listed}", markup=False, soft_wrap=True)
    amounts = ", ".join(f"{name} {value:,.2f}" for name, value in scale.items() if value is not None)
    if amounts:
        console.print(f"Order amounts: {amounts}", markup=False)


def _overview(reviews: list[TableReview], contents: LandingContents) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("table", *COUNTS, "from", "to", "known until", "users", "unknown columns"):
        justify: Literal["left", "right"] = "right" if heading in (*COUNTS, "users") else "left"
        table.add_column(heading, justify=justify, no_wrap=heading != "unknown columns")
    for review in reviews:
        unread = sum(each.reason != BOOKKEEPING for each in contents.tables[review.name].unread)
        table.add_row(
            review.name, f"{review.files:,}", f"{unread:,}", f"{review.delivered:,}", f"{review.kept:,}",
            f"{review.replaced:,}", f"{review.rows_refused:,}", _day(review.first_at), _day(review.last_at),
            _day(review.last_known_at), "" if review.users is None else f"{review.users:,}",
            ", ".join(review.unknown_columns),
        )  # fmt: skip
    return table


def _as_json(result: _CheckResult) -> dict[str, Any]:
    return {
        "landing": result.home.landing,
        "time_zone": result.home.settings.landing.time_zone,
        "encoding": result.home.settings.landing.encoding,
        "can_run": result.can_run,
        "outlook": result.outlook,
        "sources": [asdict(source) for source in result.sources],
        "tables": [
            {
                **asdict(review),
                "rows_refused": review.rows_refused,
                "not_read": [
                    {"path": str(each.path), "reason": each.reason}
                    for each in result.contents.tables[review.name].unread
                ],
            }
            for review in result.reviews
        ],
        "missing_tables": {
            table.name: table.used_for for table in raw_contract() if table.name not in result.contents.tables
        },
        "not_read": [{"path": str(each.path), "reason": each.reason} for each in result.contents.unread],
        "statuses": [
            {"status": word, "rows": rows, "is_purchase": is_one, "is_known": is_known}
            for word, rows, is_one, is_known in result.statuses
        ],
        "order_amounts": result.scale,
        "findings": [asdict(finding) for finding in result.findings],
    }


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
