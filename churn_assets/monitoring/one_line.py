"""One sentence for a terminal, an e-mail or a list: what was found, of LONGEST characters at most."""

from __future__ import annotations

LONGEST = 200
REST = " ..."


def one_line(text: str) -> str:
    """`text` on one line, cut at a word where it is longer than LONGEST."""
    words = " ".join(text.split())
    if len(words) <= LONGEST:
        return words
    return words[: LONGEST - len(REST)].rsplit(" ", 1)[0].rstrip(",;:") + REST
