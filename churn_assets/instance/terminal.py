"""The terminal: text tables, and texts of people and shops shown as what they are.

An id, a name or a reason may hold what a terminal obeys (ESC [2J) or what rich takes for markup ([/x]): neither is.
"""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from churn_assets.monitoring.definition_tables import TextTable

WIDE = 120
# C0 and C1 but tab and line end, and what turns the direction of what follows.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """With control characters as their escapes: a terminal obeys none of them."""
    return CONTROL.sub(lambda control: control[0].encode("unicode_escape").decode(), text)


class PlainConsole(Console):
    """A console to which texts are texts: no markup, no emoji codes, no control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"highlight": False} | options, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)


def wide_console() -> PlainConsole:
    """A console of at least WIDE columns: a wrapped line can be read, a figure cut in half cannot."""
    console = PlainConsole()
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
