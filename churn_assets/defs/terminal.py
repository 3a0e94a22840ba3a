"""Tables of text in the terminal."""

from __future__ import annotations

from rich.table import Table

from churn_assets.monitoring.definition_tables import TextTable


def rich_table(table: TextTable) -> Table:
    """As on the page: title above, note below, no lines."""
    shown = Table(
        title=table.title,
        title_justify="left",
        caption=table.note,
        caption_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for number, heading in enumerate(table.headings):
        shown.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in table.rows:
        shown.add_row(*row)
    return shown
