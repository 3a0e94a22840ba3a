"""What a run must not begin with, since its results would be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from churn_assets.duck import duck
from churn_assets.landing.conflicts import REASON as CONTRADICTING
from churn_assets.landing.errors import LandingError
from churn_assets.landing.findings import Finding
from churn_assets.landing.inspect import LandedTable, LandingContents
from churn_assets.landing.review import copied, refusals

# Half of all rows with one day of arrival, and known a week later than they happened: a history loaded in one go.
LOADED_SHARE, LOADED_LAG_DAYS = 0.5, 7
TOLD_ELSEWHERE = ("user_id is missing", "user_id stands for nobody", CONTRADICTING)


def refuse_what_would_be_wrong(contents: LandingContents) -> None:
    """Raises LandingError with everything that makes results wrong; to be asked before anything is made of the rows."""
    with duck() as connection:
        found = blocking(connection, copied(connection, contents, "events"))
    if found:
        more = "".join(f"\n  {finding}" for finding in found[1:])
        raise LandingError(f"{found[0]}{more}")


def blocking(connection: duckdb.DuckDBPyConnection, contents: LandingContents) -> list[Finding]:
    """What a run must not begin with: cheap enough to be asked before each."""
    tables = contents.tables
    found = [*too_little_kept(connection, tables), *contradictions(tables), *loaded_at_once(connection, tables)]
    return [finding for finding in (*found, *strangers(connection, tables)) if finding.severity == "error"]


def too_little_kept(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, LandedTable]) -> Iterator[Finding]:
    """Orders of which the contract refuses too many, and any other table of which it refuses everything."""
    for landed in tables.values():
        if landed.name == "events":  # large; the check on the quarantine counts its refusals
            continue
        # Rows of nobody (guest checkouts, lines of an order without a header) are no loss, however many they are, and
        # contradictions are told as such.
        row = connection.execute(
            f"select count(*) filter (not coalesce(refused_because in {TOLD_ELSEWHERE}, false)), "
            f"count(*) filter (refused_because is null) from {landed.scan}"
        ).fetchone()
        rows, kept = row or (0, 0)
        share = landed.reading.options.min_kept_share if landed.table.must_exist else 0.0
        if rows == 0 and landed.table.must_exist:
            yield Finding("error", landed.name, "its files hold no row of any user", "Put the rows there and run again")
        elif rows and (kept < share * rows or not kept):
            worst = next(each for each in refusals(connection, landed) if each.reason not in TOLD_ELSEWHERE)
            example = f", for example {worst.examples[0]}" if worst.examples else ""
            kept_words = f"only {kept:,} of {rows:,} rows are" if kept else f"none of {rows:,} rows is"
            yield Finding(
                "error",
                landed.name,
                f"{kept_words} kept; {worst.rows:,} are refused since {worst.reason}{example}",
                _cure_of(worst.reason),
            )


def contradictions(tables: Mapping[str, LandedTable]) -> Iterator[Finding]:
    """Ids that contradict themselves; an error where they are so many that ids do not mean what they seem to."""
    for landed in tables.values():
        found = landed.conflicts
        if not found.total:
            continue
        told = [
            f"{count:,} {what}"
            for count, what in (
                (found.replaced, "say two things at one known time, of which that in the later file counts"),
                (found.refused, "say two things at one known time in one file, and are refused"),
                (found.moved, "come again for another user at another time, and are taken as corrected"),
            )
            if count
        ]
        message = f"of {found.ids:,} ids {'; '.join(told)}; for example {', '.join(found.examples[:3])}"
        cause, mode = found.likely_cause(landed.name)
        if found.is_beyond(landed.reading.options.max_conflict_share):
            cure = f"Likely cause: {cause}. "
            if mode:
                cure += f"If so set landing.repeated_ids: {{{landed.name}: {mode}}}; else "
            cure += "give each row an id of its own, or an ingested_at"
            yield Finding("error", landed.name, message, cure)
        else:
            yield Finding("warning", landed.name, message, "Give each row an id of its own, or an ingested_at")


def loaded_at_once(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, LandedTable]) -> Iterator[Finding]:
    """A history that was loaded in one go: every snapshot before that day would be empty."""
    for name in ("orders",):
        landed = tables.get(name)
        if landed is None or "ingested_at" not in landed.columns or landed.reading.options.loaded_until:
            continue
        event = landed.table.event_time
        row = connection.execute(
            f"select cast(known_at as date) as day, count(*) as rows, max(known_at), "
            f"median(date_diff('day', {event}, known_at)), (select count(*) from {landed.scan} "
            f"where refused_because is null) from {landed.scan} where refused_because is null "
            "group by 1 order by rows desc limit 1"
        ).fetchone()
        if row is None:
            continue
        day, rows, until, lag, total = row
        if rows >= LOADED_SHARE * total and lag is not None and lag >= LOADED_LAG_DAYS:
            yield Finding(
                "error",
                name,
                f"{rows:,} of {total:,} rows have an ingested_at of {day}, long after they happened: a history loaded "
                "in one go, before which every snapshot would be empty",
                f"Set landing.loaded_until: {until:%Y-%m-%d %H:%M:%S} so that they count as known when they happened, "
                "or leave ingested_at out of that load",
            )


PAIRS = (  # child, column, parent, column: whose ids have to be found where
    ("events", "user_id", "orders", "user_id"),
    ("consents", "user_id", "orders", "user_id"),
    ("users", "user_id", "orders", "user_id"),
    ("contacts", "user_id", "orders", "user_id"),
    ("coupons", "user_id", "orders", "user_id"),
    ("order_items", "order_id", "orders", "order_id"),
    ("returns", "order_id", "orders", "order_id"),
)
SAMPLED_ROWS, FEWEST_IDS, LITTLE_SHARE = 50_000, 20, 0.05


def strangers(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, LandedTable]) -> Iterator[Finding]:
    """Tables whose ids are not those of the orders: nothing in them would ever be about a buyer."""
    for child, column, parent, other in PAIRS:
        if child not in tables or parent not in tables:
            continue
        mode = tables[parent].reading.options.repeated_ids.get(parent)
        if other == "order_id" and mode == "restarting":
            continue
        sampled = f"select {column} as id from {tables[child].scan} where refused_because is null limit {SAMPLED_ROWS}"
        known = f"select {other} from {tables[parent].scan} where refused_because is null"
        row = connection.execute(
            f"with sampled as ({sampled}), ids as (select distinct id from sampled) "
            f"select count(*), count(*) filter (id in ({known})), min(id) from ids"
        ).fetchone()
        ids, found, example = row or (0, 0, None)
        if ids < FEWEST_IDS or found >= LITTLE_SHARE * ids:
            continue
        of_parent = connection.execute(f"select min({other}) from {tables[parent].scan}").fetchone()
        yield Finding(
            "warning" if found else "error",
            child,
            f"of {ids:,} values of {column} {found:,} are among those of {parent} (here {example}, there "
            f"{(of_parent or ('nothing',))[0]})",
            f"Deliver {child}.{column} as {parent}.{other} is written",
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
