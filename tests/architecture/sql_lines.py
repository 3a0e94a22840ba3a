"""Lines of SQL files that are too long or end in spaces: sqlfluff sees none in a macro, which renders to nothing.

python tests/architecture/sql_lines.py prints them, and fails if there are any.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("models", "macros", "tests")  # beside them dbt keeps what it has compiled


def allowed_length(root: Path) -> int:
    """The one that sqlfluff is told."""
    config = ConfigParser()
    config.read_string((root / ".sqlfluff").read_text())
    return config.getint("sqlfluff", "max_line_length")


def faults(root: Path) -> Iterator[str]:
    """What is wrong, file by file, with the number of the line."""
    most = allowed_length(root)
    for file in sorted(file for folder in FOLDERS for file in (root / "dbt_project" / folder).rglob("*.sql")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            place = f"{file.relative_to(root)}:{number}"
            if len(line) > most:
                yield f"{place}: {len(line)} characters, {most} are allowed"
            if line != line.rstrip():
                yield f"{place}: ends in spaces"


if __name__ == "__main__":
    found = list(faults(ROOT))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))
