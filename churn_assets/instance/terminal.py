"""Text tables in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from churn_assets.monitoring.definition_tables import TextTable

WIDE = 120


def wide_console() -> Console:
    """A console of at least WIDE columns: a wrapped line can be read, a figure cut in half cannot."""
    console = Console(highlight=False)
    console.width = max(console.width, WIDE)
    return console


def rich_table(table: TextTable) -> Table:
    """A table laid out as in the reports: title above, note below, no lines."""
    rendered = Table(
        title=table.title,
        title_justify="left",
        caption=table.note,
        caption_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for number, heading in enumerate(table.headings):
        rendered.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in table.rows:
        rendered.add_row(*row)
    return rendered
