"""Notes below the table of the proof of an erasure."""

from __future__ import annotations

from pathlib import Path

from churn_assets.duck import duck
from churn_assets.erasure.files import SHOP, Kind, files_of, is_elsewhere
from churn_assets.erasure.traces import Traces
from churn_assets.erasure.warehouse import impersonal_tables
from churn_assets.erasure.warehouse_tables import IMPERSONAL
from churn_assets.erasure.words import is_distinctive
from churn_assets.landing import of_home
from churn_assets.landing.errors import LandingError
from churn_assets.landing.journal import Journal
from churn_assets.workplace import Workplace


def notes(workplace: Workplace, traces: Traces, *, rows: int) -> list[str]:
    """One line per note on what was read."""
    root = workplace.home.root
    lines = [] if rows else ["0 rows found anywhere."]
    lines += _about_the_warehouse(workplace) + _about_the_landing(workplace, traces)
    if (root / SHOP).is_dir():
        lines.append(f"{root / SHOP} is the truth of the simulated shop, which no run reads; unchanged.")
    archives = [file.name for file, kind in files_of(root) if kind == Kind.ARCHIVE]
    if archives:
        lines.append(f"Not searched: {', '.join(archives[:5])} ({len(archives)} archives).")
    if not all(is_distinctive(user) for user in traces.users):
        lines.append(
            "The id is a plain number or word: in free text it was searched only where it is named as a user_id."
        )
    return lines


def about_tombstones(root: Path, new: int, users: int) -> str:
    """What was kept of the users and where; `new`: tombstones that were not there."""
    journals = " and ".join(str(file) for file in Journal(root).kept_in())
    if users == 1:
        state = "Kept: a tombstone, a salted hash without the id" if new else "The tombstone was there already"
        return f"{state}, in {journals}. It keeps the user away from every later run."
    return (
        f"Kept: {users:,} tombstones, salted hashes without the ids ({users - new:,} were there already), in "
        f"{journals}. They keep the users away from every later run."
    )


def _about_the_warehouse(workplace: Workplace) -> list[str]:
    file = workplace.home.warehouse
    tables = impersonal_tables(file) if file.exists() else []
    if not tables:
        return []
    descriptions = [f"{table} ({IMPERSONAL.get(table, 'no column of users or orders')})" for table in tables]
    return [f"Searched as text, since no row is about a user: {', '.join(descriptions)}."]


def _about_the_landing(workplace: Workplace, traces: Traces) -> list[str]:
    landing = Path(workplace.home.landing.removeprefix("file://"))
    if not is_elsewhere(landing, workplace.home.root):
        return []
    try:
        tables = of_home.landed(workplace.home).tables
    except LandingError as error:
        return [f"{landing} is external and could not be read ({error}); the tombstone keeps the user out."]
    rows = 0
    with duck() as connection:
        for table in tables.values():
            if not {"user_id", "order_id"} & set(table.columns):
                continue
            column, values = ("user_id", traces.users) if "user_id" in table.columns else ("order_id", traces.orders)
            sql = f"select count(*) from {table.scan} where list_contains($1, {column})"
            row = connection.execute(sql, [sorted(values)]).fetchone()
            rows += int(row[0]) if row else 0
    return [f"{landing} is external, not ours: {rows:,} rows there stay; the tombstone keeps them out."]
