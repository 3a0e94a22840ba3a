"""What the proof of an erasure says besides its table."""

from __future__ import annotations

from pathlib import Path

from churn_assets.duck import duck
from churn_assets.erasure.files import SHOP, Kind, files_of, is_elsewhere
from churn_assets.erasure.held_tables import IMPERSONAL
from churn_assets.erasure.traces import Traces, is_telling
from churn_assets.erasure.warehouse import impersonal_tables
from churn_assets.landing import of_home
from churn_assets.landing.errors import LandingError
from churn_assets.landing.journal import Journal
from churn_assets.workplace import Workplace


def notes(workplace: Workplace, traces: Traces, *, is_new: bool, rows: int) -> list[str]:
    """One line each; the last says what was kept and where."""
    root = workplace.home.root
    told = [] if rows else ["0 rows found anywhere."]
    told += _about_the_warehouse(workplace) + _about_the_landing(workplace, traces)
    if (root / SHOP).is_dir():
        told.append(f"{root / SHOP} is the simulated shop's own memory, which no run reads; left as it is.")
    archives = [file.name for file, kind in files_of(root) if kind == Kind.ARCHIVE]
    if archives:
        told.append(f"Not looked into: {', '.join(archives[:5])} ({len(archives)} archives).")
    if not all(is_telling(user) for user in traces.users):
        told.append("The id is a bare number or word: in free text only places were searched that name it a user_id.")
    kept = " and ".join(str(file) for file in Journal(root).kept_in())
    state = "Kept: a tombstone, a salted hash without the id" if is_new else "The tombstone was there already"
    return [*told, f"{state}, in {kept}. It keeps the user away from every later run."]


def _about_the_warehouse(workplace: Workplace) -> list[str]:
    file = workplace.home.warehouse
    tables = impersonal_tables(file) if file.exists() else []
    if not tables:
        return []
    said = [f"{table} ({IMPERSONAL.get(table, 'no column of users or orders')})" for table in tables]
    return [f"Searched as text, since no row is about a user: {', '.join(said)}."]


def _about_the_landing(workplace: Workplace, traces: Traces) -> list[str]:
    landing = Path(workplace.home.landing.removeprefix("file://"))
    if not is_elsewhere(landing, workplace.home.root):
        return []
    try:
        landed = of_home.landed(workplace.home).tables
    except LandingError as error:
        return [f"{landing} is external and could not be read ({error}); the tombstone keeps the user out."]
    rows = 0
    with duck() as connection:
        for table in landed.values():
            if not {"user_id", "order_id"} & set(table.columns):
                continue
            column, values = ("user_id", traces.users) if "user_id" in table.columns else ("order_id", traces.orders)
            sql = f"select count(*) from {table.scan} where list_contains($1, {column})"
            found = connection.execute(sql, [sorted(values)]).fetchone()
            rows += int(found[0]) if found else 0
    return [f"{landing} is external, not ours: {rows:,} rows there stay; the tombstone keeps them out."]
