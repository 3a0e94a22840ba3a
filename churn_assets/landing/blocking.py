"""Findings that stop a run before it begins, since its results would be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from churn_assets.duck import duck
from churn_assets.landing.conflicts import REASON as CONTRADICTING
from churn_assets.landing.contents import LandedTable, LandingContents
from churn_assets.landing.errors import LandingError
from churn_assets.landing.extra_columns import absent
from churn_assets.landing.findings import LandingFinding
from churn_assets.landing.review import in_temp_tables, refusals

# Half of all rows with one day of arrival, and known a week later than they happened: a history loaded in one go.
LOADED_SHARE, LOADED_LAG_DAYS = 0.5, 7
REPORTED_ELSEWHERE = ("user_id is missing", "user_id stands for nobody", CONTRADICTING)


def raise_blocking_findings(contents: LandingContents) -> None:
    """Raises LandingError with all findings that make results wrong; called before any row is used."""
    with duck() as connection:
        errors = blocking_findings(connection, in_temp_tables(connection, contents, "events"))
    if errors:
        more = "".join(f"\n  {finding}" for finding in errors[1:])
        raise LandingError(f"{errors[0]}{more}")


def blocking_findings(connection: duckdb.DuckDBPyConnection, contents: LandingContents) -> list[LandingFinding]:
    """Findings that stop a run; cheap enough to be computed before each."""
    tables = contents.tables
    results = [*too_little_kept(connection, tables), *contradictions(tables), *loaded_at_once(connection, tables)]
    results += absent(contents)
    return [finding for finding in (*results, *unmatched_ids(connection, tables)) if finding.severity == "error"]


def too_little_kept(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, LandedTable]
) -> Iterator[LandingFinding]:
    """Errors where the contract refuses too many orders, or every row of another table."""
    for landed_table in tables.values():
        if landed_table.name == "events":  # large; the check on the quarantine counts its refusals
            continue
        # Rows without a user (guest checkouts, lines of an order without a header) are no loss, however many they are,
        # and contradictions are findings of their own.
        row = connection.execute(
            f"select count(*) filter (not coalesce(refused_because in {REPORTED_ELSEWHERE}, false)), "
            f"count(*) filter (refused_because is null) from {landed_table.scan}"
        ).fetchone()
        rows, kept_rows = row or (0, 0)
        share = landed_table.reading.options.min_kept_share if landed_table.table.must_exist else 0.0
        if rows == 0 and landed_table.table.must_exist:
            yield LandingFinding(
                "error", landed_table.name, "its files hold no row of any user", "Put the rows there and run again"
            )
        elif rows and (kept_rows < share * rows or not kept_rows):
            worst = next(
                refusal for refusal in refusals(connection, landed_table) if refusal.reason not in REPORTED_ELSEWHERE
            )
            example = f", for example {worst.examples[0]}" if worst.examples else ""
            kept_text = f"only {kept_rows:,} of {rows:,} rows are" if kept_rows else f"none of {rows:,} rows is"
            yield LandingFinding(
                "error",
                landed_table.name,
                f"{kept_text} kept; {worst.rows:,} are refused since {worst.reason}{example}",
                _cure_of(worst.reason),
            )


def contradictions(tables: Mapping[str, LandedTable]) -> Iterator[LandingFinding]:
    """Ids with contradicting rows; an error where they are so many that the id is probably no key."""
    for landed_table in tables.values():
        conflicts = landed_table.conflicts
        if not conflicts.total:
            continue
        parts = [
            f"{count:,} {what}"
            for count, what in (
                (conflicts.replaced, "have two contents at one known time, of which that in the later file counts"),
                (conflicts.refused, "have two contents at one known time in one file, and are refused"),
                (conflicts.moved, "are repeated for another user at another time, and count as corrections"),
            )
            if count
        ]
        message = f"of {conflicts.ids:,} ids {'; '.join(parts)}; for example {', '.join(conflicts.examples[:3])}"
        cause, mode = conflicts.likely_cause(landed_table.name)
        if conflicts.is_beyond(landed_table.reading.options.max_conflict_share):
            cure = f"Likely cause: {cause}. "
            if mode:
                cure += f"If so set landing.repeated_ids: {{{landed_table.name}: {mode}}}; else "
            cure += "give each row an id of its own, or an ingested_at"
            yield LandingFinding("error", landed_table.name, message, cure)
        else:
            yield LandingFinding(
                "warning", landed_table.name, message, "Give each row an id of its own, or an ingested_at"
            )


def loaded_at_once(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, LandedTable]
) -> Iterator[LandingFinding]:
    """A history that was loaded on one day: every snapshot before that day would be empty."""
    for name in ("orders",):
        landed_table = tables.get(name)
        if (
            landed_table is None
            or "ingested_at" not in landed_table.columns
            or landed_table.reading.options.loaded_until
        ):
            continue
        event = landed_table.table.event_time
        row = connection.execute(
            f"select cast(known_at as date) as day, count(*) as rows, max(known_at), "
            f"median(date_diff('day', {event}, known_at)), (select count(*) from {landed_table.scan} "
            f"where refused_because is null) from {landed_table.scan} where refused_because is null "
            "group by 1 order by rows desc limit 1"
        ).fetchone()
        if row is None:
            continue
        day, rows, until, lag, total = row
        if rows >= LOADED_SHARE * total and lag is not None and lag >= LOADED_LAG_DAYS:
            yield LandingFinding(
                "error",
                name,
                f"{rows:,} of {total:,} rows have an ingested_at of {day}, long after they happened: a history loaded "
                "in one go, before which every snapshot would be empty",
                f"Set landing.loaded_until: {until:%Y-%m-%d %H:%M:%S} so that they count as known when they happened, "
                "or leave ingested_at out of that load",
            )


PAIRS = (  # child, column, parent, column: ids of the child that have to be in the parent
    ("events", "user_id", "orders", "user_id"),
    ("consents", "user_id", "orders", "user_id"),
    ("users", "user_id", "orders", "user_id"),
    ("contacts", "user_id", "orders", "user_id"),
    ("coupons", "user_id", "orders", "user_id"),
    ("order_items", "order_id", "orders", "order_id"),
    ("returns", "order_id", "orders", "order_id"),
)
SAMPLED_ROWS, FEWEST_IDS, LITTLE_SHARE = 50_000, 20, 0.05


def unmatched_ids(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, LandedTable]) -> Iterator[LandingFinding]:
    """Tables whose ids do not match those of the orders: no row of such a table would belong to a buyer."""
    for child, column, parent, parent_column in PAIRS:
        if child not in tables or parent not in tables:
            continue
        mode = tables[parent].reading.options.repeated_ids.get(parent)
        if parent_column == "order_id" and mode == "restarting":
            continue
        sampled = f"select {column} as id from {tables[child].scan} where refused_because is null limit {SAMPLED_ROWS}"
        parent_ids = f"select {parent_column} from {tables[parent].scan} where refused_because is null"
        row = connection.execute(
            f"with sampled as ({sampled}), ids as (select distinct id from sampled) "
            f"select count(*), count(*) filter (id in ({parent_ids})), min(id) from ids"
        ).fetchone()
        ids, matched, example = row or (0, 0, None)
        if ids < FEWEST_IDS or matched >= LITTLE_SHARE * ids:
            continue
        parent_example = connection.execute(f"select min({parent_column}) from {tables[parent].scan}").fetchone()
        yield LandingFinding(
            "warning" if matched else "error",
            child,
            f"of {ids:,} values of {column} {matched:,} are among those of {parent} (here {example}, there "
            f"{(parent_example or ('nothing',))[0]})",
            f"Deliver {child}.{column} as {parent}.{parent_column} is written",
        )


CURES: Sequence[tuple[str, str]] = (
    ("is not a decimal", "Write amounts as 1234.50, or set landing.currency_signs, decimal_ and thousands_separator"),
    ("is not a timestamp", "Write times as 2026-11-01 09:15:00, with an offset or landing.time_zone"),
    ("is before", "Write years with four digits; landing.earliest is the first day that is taken for real"),
    ("days after", "Look at the clock and the time zone of the source (landing.time_zone)"),
    ("is a rounded number", "Export ids as text: a spreadsheet has rounded them"),
    ("stands for nobody", "If it is somebody, take it out of landing.nobody_ids"),
    ("gives nothing", "Name the word in landing.consent_words, or mend the time"),
)  # fmt: skip


def _cure_of(reason: str) -> str:
    return (
        next((cure for part, cure in CURES if part in reason), "Deliver the rows again with it") + " (see churn check)"
    )
