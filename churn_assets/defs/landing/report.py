"""`churn check`: what the landing would become, told before anything runs.

The staging models themselves are built on a scratch warehouse, so that what is told here is what will happen.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from churn_assets.contracts.raw import raw_contract
from churn_assets.defs.dbt.project import PROJECT, QUIET, dbt_executable
from churn_assets.defs.erasure.shield import shielded
from churn_assets.defs.home import Home
from churn_assets.duck import duck
from churn_assets.landing.contact import open_contacts
from churn_assets.landing.errors import LandingError
from churn_assets.landing.inspect import LandedTable, inspect

EXAMPLES = 5
REFUSED = """
select source_table, reason, count(*) as rows, list(row_key order by row_key)[1:?] as first_rows
from staging.quarantine group by source_table, reason order by source_table, rows desc
"""


def report(root: Path) -> None:
    """Print tables, rows, refused rows by rule with the first ids, and what happens to them. Raises LandingError."""
    home = Home(root)
    console = Console(highlight=False)
    console.print(f"Landing {home.landing}")
    landed = shielded(inspect(home.landing, home.received), home.root)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "check.duckdb"
        _stage(landed, scratch, Path(folder))
        with duck(scratch, read_only=True) as connection:
            console.print(_overview(connection, landed))
            refused = connection.execute(REFUSED, [EXAMPLES]).fetchall()
    for line in open_contacts(landed, Path(home.landing)):
        console.print(line, soft_wrap=True)
    if not refused:
        console.print("Every row keeps the raw contract.")
        return
    table = Table("table", "rule broken", "rows", "first rows", box=None, pad_edge=False)
    for name, reason, rows, first in refused:
        table.add_row(name, reason, f"{rows:,}", ", ".join(key or "(no id)" for key in first))
    console.print(table)
    console.print("These rows go to staging.quarantine, are counted there and used nowhere.")


def _overview(connection: duckdb.DuckDBPyConnection, landed: dict[str, LandedTable]) -> Table:
    table = Table("table", "files", "rows", "kept", "refused", "unknown columns", box=None, pad_edge=False)
    refused = dict(connection.execute("select source_table, count(*) from staging.quarantine group by all").fetchall())
    for contract in raw_contract():
        found = landed.get(contract.name)
        if found is None:
            table.add_row(contract.name, "-", "-", "-", "-", "missing: its features are unknown")
            continue
        rows = connection.execute(f"select count(*) from raw.{contract.name}").fetchone()
        total, lost = int(rows[0]) if rows else 0, refused.get(contract.name, 0)
        unknown = ", ".join(found.unknown_columns)
        table.add_row(contract.name, f"{found.files:,}", f"{total:,}", f"{total - lost:,}", f"{lost:,}", unknown)
    return table


def _stage(landed: dict[str, LandedTable], scratch: Path, folder: Path) -> None:
    told = {"warehouse": str(scratch), "landing": {name: table.as_variable() for name, table in landed.items()}}
    command = [
        dbt_executable(), "--quiet", "run", "--select", "staging", "--vars", json.dumps(told),
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(folder / "target"),
        "--log-path", str(folder),
    ]  # fmt: skip
    done = subprocess.run(command, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LandingError(f"staging fails on these files:\n{done.stdout.strip()}")
