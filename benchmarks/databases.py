"""A simulated shop in a real Postgres (Debian's, started here): seconds and peak memory of churn pull.

    python -m benchmarks.databases [--users 20000] [--weeks 78]

Three readings: all but the last week, then nothing new, then the last week with corrections of 1 % of the older orders.
Each is a process of its own, as the command is. Afterwards the rows of the landing are counted against those of the
files that the shop wrote.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg
import yaml

from churn_assets.command.fill import fill_from_shop
from churn_assets.contracts.raw import raw_contract
from churn_assets.instance.home import Home
from churn_assets.landing import of_home
from churn_assets.shop.settings import ShopSettings
from tests.unit.pulling.servers import PASSWORD, USER, Server, postgres

END = date(2026, 11, 16)
TYPES = {"VARCHAR": "text", "TIMESTAMP": "timestamp", "DOUBLE": "double precision"}
MEASURED = (
    "import resource, sys, time; from churn_assets.command.cli import app; start = time.perf_counter()\n"
    "try: app(['pull', '--home', sys.argv[1]])\n"
    "except SystemExit as end: assert not end.code\n"
    "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
    "print(f'{time.perf_counter() - start:.1f} s, peak {peak:,.0f} MB', file=sys.stderr)"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--weeks", type=int, default=78)
    options = parser.parse_args()
    with TemporaryDirectory() as folder, TemporaryDirectory() as served, postgres(Path(served)) as server:
        files, home = Home(Path(folder) / "files"), Home(Path(folder) / "home")
        fill_from_shop(
            files.root, ShopSettings(users=options.users, weeks=options.weeks, end=END, seed=7), if_missing=False
        )
        week = f"{END - timedelta(days=7)}"
        tables = loaded(server, files, f"updated_at < '{week}'")
        home.prepare()
        mapping = {"sources": [{"name": "shop", "database": server.url, "tables": tables}]}
        home.mapping_file.write_text(yaml.safe_dump(mapping))
        measure("all but the last week", home)
        measure("nothing new", home)
        loaded(server, files, f"updated_at >= '{week}'")
        with connected(server) as connection:
            connection.execute("update orders set amount = amount + 1, updated_at = now() where random() < 0.01")
        measure("a week, and 1 % of the orders corrected", home)
        compare(files, home)


def loaded(server: Server, files: Home, which: str) -> dict[str, dict[str, object]]:
    """Rows of the files in tables of the same name, with `updated_at` for `ingested_at`; returns the mapping."""
    tables: dict[str, dict[str, object]] = {}
    with duckdb.connect() as reader, connected(server) as connection, TemporaryDirectory() as folder:
        reader.execute("set TimeZone = 'UTC'")
        for table in raw_contract():
            paths = sorted((Path(files.landing) / table.name).rglob("*.parquet"))
            if not paths:
                continue
            rows = reader.read_parquet([str(path) for path in paths], hive_partitioning=False, union_by_name=True)
            names = [name for name in rows.columns if name != "ingested_at"]
            updated = f"coalesce(ingested_at, {table.event_time or 'null'}, timestamp '2020-01-01')"
            rows = rows.select(f"{', '.join(names)}, {updated} as updated_at").filter(which)
            kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
            columns = ", ".join(f"{name} {TYPES.get(kind, kind)}" for name, kind in kinds.items())
            connection.execute(f"create table if not exists {table.name} ({columns})")
            csv = Path(folder) / "rows.csv"
            rows.write_csv(str(csv), header=False)
            with connection.cursor().copy(f"copy {table.name} from stdin (format csv)") as copy, csv.open("rb") as part:
                while block := part.read(1 << 20):
                    copy.write(block)
            connection.execute(f"create index if not exists {table.name}_new on {table.name} (updated_at)")
            # The simulated history says since when each row is known, and a first reading takes that over.
            known = {"ingested_at": "updated_at"} if table.name != "order_items" else {}
            tables[table.name] = {
                "table": table.name, "cursor": "updated_at", "columns": {name: name for name in names} | known,
            }  # fmt: skip
    return tables


def connected(server: Server) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, dbname="shop", autocommit=True
    )


def measure(what: str, home: Home) -> None:
    start = time.perf_counter()
    variables = {"CHURN_SOURCE_SHOP_USER": USER, "CHURN_SOURCE_SHOP_PASSWORD": PASSWORD}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(home.root)],
        check=True, capture_output=True, text=True, env={**os.environ, **variables},
    )  # fmt: skip
    print(done.stdout, end="")
    size = sum(path.stat().st_size for path in home.pulled.rglob("*") if path.is_file()) / 1e6
    whole = time.perf_counter() - start
    print(f"{what}: {done.stderr.strip().splitlines()[-1]} ({whole:.1f} s with the start); {size:,.0f} MB in pulled/")


def compare(files: Home, home: Home) -> None:
    """Distinct keys of every table, in the files and in what was pulled, refused rows included."""
    written, pulled = of_home.landed(files).tables, of_home.landed(home).tables
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, table in written.items():
            keys = ", ".join(table.table.key)
            counts = [
                connection.execute(f"select count(distinct ({keys})) from {each.scan}").fetchone()
                for each in (table, pulled[name])
            ]
            print(f"{name}: {counts[0]} keys in the files, {counts[1]} pulled")


if __name__ == "__main__":
    main()
