"""A text of a person or a shop is shown as what it is: the terminal obeys nothing in it, and no bracket is markup."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from churn_assets.instance.terminal import CONTROL, PlainConsole, visible

ATTACKS = [
    "[/x]",
    "[bold]x[/bold]",
    "\x1b[2J",
    "\x1b]0;title\x07",
    "a\rb",
    "\x9b2J",
    "\u202egnp.exe",
    ":boom:",
    "[link=x]y",
]


def printed(text: str) -> str:
    file = io.StringIO()
    console = PlainConsole(file=file, width=200)
    console.print(text)
    table = Table(title="t", box=None)
    table.add_column("column")
    table.add_row(text)
    console.print(table)
    return file.getvalue()


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_in_a_text_is_obeyed(text: str) -> None:
    shown = printed(text)
    assert not CONTROL.search(shown)
    assert shown.count(visible(text)) == 2, "a line and a cell"


@given(st.text(max_size=30))
def test_what_is_shown_holds_no_control_character(text: str) -> None:
    assert not CONTROL.search(visible(text))
    assert visible(visible(text)) == visible(text)
