"""A home that was moved or copied: views in its warehouse name files by their paths, so they are rebuilt on opening.

The view `main.home` holds the folder they were made for. A copy that is opened by DuckDB alone, before any command,
still reads the files of the original.
"""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb
from filelock import Timeout

from churn_assets.duck import LOCKED, duck
from churn_assets.instance.home import Home
from churn_assets.workplace import Workplace

MADE_FOR = "select path from main.home"
WAIT_SECONDS = 5.0
log = logging.getLogger(__name__)


def settle_views(root: Path) -> None:
    """Make the views of the home at `root` show its own files. Some 30 ms where they do.

    An error is logged and stops no command: many do not read the warehouse, and the next command tries again.
    """
    file = Home(root).warehouse
    if not file.exists():
        return
    try:
        is_settled = _is_made_for(file, root)
    except duckdb.Error as error:
        is_settled = LOCKED in str(error)  # by a process that writes to it, which has settled the views before
        if not is_settled:
            log.warning("%s cannot be opened (%s).", file, error)
            return
    if is_settled:
        return
    try:
        _make_views(root)
    except Timeout:
        return  # a run is at work, which has settled the views before
    except (duckdb.Error, OSError) as error:
        log.warning("The views in %s may show the files of another home, and cannot be rebuilt (%s).", file, error)


def _is_made_for(file: Path, root: Path) -> bool:
    with duck(file, read_only=True, wait_seconds=0) as connection:
        try:
            row = connection.execute(MADE_FOR).fetchone()
        except duckdb.CatalogException:  # no command has seen this warehouse yet
            return False
    try:
        return row is not None and Path(row[0]).samefile(root)
    except OSError:
        return False


def _make_views(root: Path) -> None:
    workplace = Workplace(home_path=str(root))
    with workplace.warehouse.exclusive(wait_seconds=WAIT_SECONDS):
        workplace.warehouse.forget_views()
        workplace.show_landing()
        workplace.show_tables()
        workplace.warehouse.note_home(root)
