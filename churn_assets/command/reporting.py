"""`churn report`: the page of a snapshot, written anew from what the snapshot has published."""

from __future__ import annotations

import webbrowser
from datetime import date
from pathlib import Path

from churn_assets.instance.terminal import wide_console
from churn_assets.report.files import newest_decided, write_report
from churn_assets.workplace import Workplace


def report(root: Path, snapshot: date | None, *, is_opened: bool) -> None:
    """Print where it lies (alone, for programs), and open it where that is asked for and there is a browser."""
    workplace = Workplace(home_path=str(root))
    day = workplace.calendar.snapshot(snapshot) if snapshot else newest_decided(workplace)
    _, file = write_report(workplace, day)
    console = wide_console()
    console.print(str(file), markup=False, soft_wrap=True)
    if is_opened and not webbrowser.open(file.as_uri()):
        console.print("No browser could be opened here: open the file by hand.")
