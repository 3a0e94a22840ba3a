from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from churn_assets.monitoring.one_line import LONGEST, one_line


@given(st.text(max_size=2_000))
def test_it_is_one_short_line_that_begins_as_the_text_does(text: str) -> None:
    line = one_line(text)
    assert len(line) <= LONGEST
    assert len(line.splitlines()) <= 1
    assert " ".join(text.split()).startswith(line.removesuffix(" ..."))


def test_it_is_cut_at_a_word() -> None:
    assert one_line("word " * 100) == " ".join(["word"] * 39) + " ..."
