"""Blanks: white space, control characters and invisible characters, in Python and in SQL."""

from __future__ import annotations

# Zero-width spaces, marks of direction and byte order marks are among them.
RANGES = (
    (0x00, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x61C, 0x61C), (0x1680, 0x1680), (0x180E, 0x180E), (0x2000, 0x200F),
    (0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
BLANKS = "".join(chr(code) for first, last in RANGES for code in range(first, last + 1))
BLANKS_RE2 = "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in RANGES)


def stripped_sql(text: str) -> str:
    """SQL: a text expression without the blanks around it."""
    return f"regexp_replace({text}, '^[{BLANKS_RE2}]+|[{BLANKS_RE2}]+$', '', 'g')"
