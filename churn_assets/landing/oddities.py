"""Warnings on raw tables: unknown words, ids with too many rows, renamed columns, times ahead of their known time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import duckdb

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.raw import EVENT_TYPES
from churn_assets.landing.blocking import contradictions, loaded_at_once, too_little_kept, unmatched_ids
from churn_assets.landing.consents import UNKNOWN
from churn_assets.landing.contents import LandedTable, LandingContents
from churn_assets.landing.extra_columns import absent, other_words, undeclared
from churn_assets.landing.files import BOOKKEEPING
from churn_assets.landing.findings import LandingFinding
from churn_assets.landing.review import TableReview
from churn_assets.landing.statuses import is_listed_sql

Tables = Mapping[str, LandedTable]
MANY_UNKNOWN = 20  # at most so many words are listed
OUTSIZED_SHARE, OUTSIZED_ROWS, OUTSIZED_IDS = 0.05, 50, 50
UNREAD_SHARE = 0.01
AHEAD_SHARE = 0.2  # of rows that happened up to 14 hours after they became known


def findings(connection: duckdb.DuckDBPyConnection, contents: LandingContents) -> list[LandingFinding]:
    """All findings on the landing, errors first."""
    tables = contents.tables
    results = [
        *too_little_kept(connection, tables), *contradictions(tables), *loaded_at_once(connection, tables),
        *unmatched_ids(connection, tables), *not_read(contents), *renamed(tables),
        *absent(contents), *undeclared(tables), *other_words(connection, contents),
    ]  # fmt: skip
    for check in (statuses_unknown, event_types_unknown, consents_unknown, outsized_ids, ahead_of_their_time):
        results += check(connection, tables)
    return sorted(results, key=lambda finding: (finding.severity != "error", finding.table))


def not_read(contents: LandingContents) -> Iterator[LandingFinding]:
    """Files and folders in the landing that are not read."""
    for each in contents.unread:
        yield LandingFinding(
            "warning", "landing", f"{each.path.name} is not read: {each.reason}", "Move it, or remove it"
        )
    for table in contents.tables.values():
        for each in table.unread:
            if each.reason != BOOKKEEPING:
                yield LandingFinding(
                    "warning", table.name, f"{each.path} is not read: {each.reason}", "Convert it, or move it away"
                )


def renamed(tables: Tables) -> Iterator[LandingFinding]:
    """A column of the contract that is missing in newer files while they have an unknown one: probably renamed."""
    for table in tables.values():
        known_columns = {column.name for column in table.table.columns}
        files = [file for file in table.files if not file.is_ours]
        for name in table.columns:
            having = [number for number, file in enumerate(files) if name in file.columns]
            if not having or having[-1] == len(files) - 1:
                continue
            after = files[having[-1] + 1 :]
            new = {column for file in after for column in file.columns} - known_columns
            new -= {column for file in files[: having[-1] + 1] for column in file.columns}
            new -= set(table.undeclared_extra)  # the shop's own, and named by itself (landing/extra_columns.py)
            if new:
                yield LandingFinding(
                    "error",
                    table.name,
                    f"column {name} ends with {files[having[-1]].path.name} and {', '.join(sorted(new))} begins with "
                    f"{after[0].path.name}",
                    f"If that is {name} under another name, write it as {name} in every file",
                )


def statuses(connection: duckdb.DuckDBPyConnection, tables: Tables) -> list[tuple[str, int, bool, bool]]:
    """Every status of an order with its rows, whether it counts as a purchase, and whether it is in the settings.

    A row that a change feed has deleted is no purchase, whatever its status.
    """
    orders = tables["orders"]
    options = orders.reading.options
    is_cancelled = is_listed_sql("status", options.cancelled_statuses)
    is_known = f"(status is null or {is_cancelled} or {is_listed_sql('status', options.purchase_statuses)})"
    return connection.execute(
        f"select case when is_purchase or {is_cancelled} then coalesce(status, '(none)') "
        "else concat_ws(' ', status, '(deleted)') end, "
        f"count(*) as rows, is_purchase, bool_and({is_known}) from {orders.scan} "
        "where refused_because is null and not is_replaced group by 1, is_purchase order by rows desc, 1"
    ).fetchall()


def statuses_unknown(connection: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[LandingFinding]:
    unknown = [(word, rows) for word, rows, _, is_known in statuses(connection, tables) if not is_known]
    if unknown:
        listed = ", ".join(f"{word} ({rows:,})" for word, rows in unknown[:MANY_UNKNOWN])
        yield LandingFinding(
            "warning",
            "orders",
            f"{len(unknown)} unknown statuses count as purchases: {listed}",
            "Put each into landing.cancelled_statuses or landing.purchase_statuses",
        )


def event_types_unknown(connection: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[LandingFinding]:
    events = tables.get("events")
    if events is None:
        return
    rows = connection.execute(
        f"select event_type, count(*) as rows from {events.scan} where refused_because is null "
        "group by 1 order by rows desc, 1"
    ).fetchall()
    total, unknown = sum(count for _, count in rows), [(word, n) for word, n in rows if word not in EVENT_TYPES]
    if unknown:
        listed = ", ".join(f"{word} ({count:,})" for word, count in unknown[:MANY_UNKNOWN])
        is_all = sum(count for _, count in unknown) == total
        yield LandingFinding(
            "error" if is_all else "warning",
            "events",
            f"{'all' if is_all else 'some'} types of events are counted by no feature: {listed}",
            f"Map them to known types in landing.event_types ({', '.join(EVENT_TYPES)})",
        )


def consents_unknown(connection: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[LandingFinding]:
    """Unknown words in consents: a yes with one has no effect, a no with one ends consent wherever it may apply."""
    consents = tables.get("consents")
    if consents is None:
        return
    for column in ("channel", "purpose"):
        rows = connection.execute(
            f"select coalesce({column}, '(none)'), count(*) as rows from {consents.scan} "
            f"where {column}_meant = '{UNKNOWN}' group by 1 order by rows desc, 1 limit {MANY_UNKNOWN}"
        ).fetchall()
        if rows:
            listed = ", ".join(f"{word} ({count:,})" for word, count in rows)
            yield LandingFinding(
                "warning",
                "consents",
                f"unknown {column}s: a yes with one has no effect, a no ends consent wherever it may apply: {listed}",
                f"Map them in landing.consent_words.{column}s",
            )
    row = connection.execute(
        f"select count(*), list(distinct coalesce(json_extract_string(row_json, '$.is_granted'), '(none)'))[1:10] "
        f"from {consents.scan} where refused_because is null and lower(coalesce(json_extract_string(row_json, "
        "'$.is_granted'), '')) not in ('true', 'false', '1', '0', 'yes', 'no', 't', 'f', 'y', 'n', '1.0', '0.0') "
        f"and not coalesce(greatest({', '.join(f'{channel}_consent' for channel in SENDING_CHANNELS)}), false)"
    ).fetchone()
    if row and row[0]:
        yield LandingFinding(
            "warning",
            "consents",
            f"{row[0]:,} rows count as a no since their word is no known yes: {', '.join(sorted(row[1]))}",
            "Add words that mean yes to landing.consent_words.granted",
        )


def outsized_ids(connection: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[LandingFinding]:
    """An id with so many rows that it is probably no single user but a till, a test account or a robot."""
    for name in ("orders", "events"):
        if name not in tables:
            continue
        row = connection.execute(
            f"with counts as (select user_id, count(*) as rows from {tables[name].scan} where refused_because is null "
            "group by 1) select user_id, rows, (select sum(rows) from counts), (select count(*) from counts) "
            "from counts order by rows desc, user_id limit 1"
        ).fetchone()
        if row is None:
            continue
        user, rows, total, users = row
        if users >= OUTSIZED_IDS and rows >= OUTSIZED_ROWS and rows > OUTSIZED_SHARE * total:
            yield LandingFinding(
                "warning",
                name,
                f"user_id {user} has {rows:,} of {total:,} rows",
                "If it is no single user (a till, guests, a test account), add it to landing.nobody_ids",
            )


def ahead_of_their_time(connection: duckdb.DuckDBPyConnection, tables: Tables) -> Iterator[LandingFinding]:
    """Rows with event time hours after known time: probably local times in a column of UTC."""
    for table in tables.values():
        event = table.table.event_time
        if event is None or event not in table.columns or table.name == "events":
            continue
        row = connection.execute(
            f"select count(*), count(*) filter ({event} > known_at + interval 30 minute "
            f"or {event} > timestamp '{table.reading.now}') from {table.scan} where refused_because is null"
        ).fetchone()
        rows, ahead = row or (0, 0)
        if ahead and ahead > AHEAD_SHARE * rows:
            yield LandingFinding(
                "warning",
                table.name,
                f"{ahead:,} of {rows:,} rows happened after they became known",
                "Are these local times? Set landing.time_zone (and ingested_time_zone)",
            )


def unread_values(reviews: Iterable[TableReview]) -> Iterator[LandingFinding]:
    """Optional columns with many values that could not be read and count as unknown."""
    for review in reviews:
        for column, rows in review.unread_values.items():
            if rows > UNREAD_SHARE * review.kept:
                yield LandingFinding(
                    "warning",
                    review.name,
                    f"{column} could not be read in {rows:,} of {review.kept:,} rows and is unknown there",
                    "Check the format of its values; the rows themselves are used",
                )
