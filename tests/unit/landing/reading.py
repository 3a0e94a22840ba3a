"""What tests of the landing ask of a folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from churn_assets.duck import duck
from churn_assets.landing.blocking import blocking_findings
from churn_assets.landing.contents import LandingContents
from churn_assets.landing.inspect import survey
from churn_assets.settings import Landing

FIXTURES = Path(__file__).parents[2] / "fixtures" / "landings"
NOW = datetime(2026, 11, 16, 12)
Rows = list[tuple[Any, ...]]
HEADER, LINE = "order_id,user_id,ordered_at,amount\n", "{},u1,2026-11-01 10:00:00,10\n"


def read(folder: Path, **settings: Any) -> LandingContents:
    return survey(str(folder), None, Landing(**settings), now=NOW)


def rows(contents: LandingContents, columns: str, table: str = "orders", where: str = "true") -> Rows:
    scan = contents.tables[table].scan
    kept = f"refused_because is null and not is_replaced and {where}"
    with duck() as connection:
        return connection.execute(f"select {columns} from {scan} where {kept} order by all").fetchall()


def refused(contents: LandingContents, table: str = "orders") -> dict[str, int]:
    with duck() as connection:
        return dict(connection.execute(
            f"select refused_because, count(*) from {contents.tables[table].scan} "
            "where refused_because is not null group by 1").fetchall())  # fmt: skip


def stopped_by(contents: LandingContents) -> list[str]:
    """What a run would refuse to begin with."""
    with duck() as connection:
        return [str(finding) for finding in blocking_findings(connection, contents)]
