"""`churn verify`: the mart at a snapshot, all users and columns, against what the past alone gives."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from rich.table import Table

from churn_assets.instance.calendar import CalendarError
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import PlainConsole
from churn_assets.warehouse.built import built_snapshots
from churn_assets.warehouse.past import deviating
from churn_assets.workplace import Workplace


def verify(root: Path, snapshot: date | None, *, as_json: bool = False) -> bool:
    """Print the columns that differ; returns whether none does. Raises CalendarError if the mart lacks the snapshot."""
    workplace = Workplace(home_path=str(Home(root).prepare().root))
    built = built_snapshots(workplace)
    day = snapshot or (built[-1] if built else None)
    if day is None or day not in built:
        near = ", ".join(map(str, built[-4:])) or "those that a run has made"
        raise CalendarError(f"the mart holds no snapshot {day or ''}: run churn run first, or name one of {near}")
    differences = deviating(workplace, day)
    if as_json:
        print(json.dumps({"snapshot": str(day), "users_that_differ": dict(differences)}))
        return not differences
    console = PlainConsole(highlight=False, soft_wrap=True)
    if not differences:
        console.print(f"Every feature and status at {day} is what the rows known before {day} give.")
        return True
    table = Table("column", "users that differ", box=None, pad_edge=False)
    for column, users in differences.items():
        table.add_row(column, f"{users:,}")
    console.print(f"At {day} the mart differs from what the rows known before {day} give:")
    console.print(table)
    console.print(
        "Either a column looks ahead, or rows were delivered with a known time that had passed (docs/engineer).  "
        "[looks-ahead]"
    )
    return False
