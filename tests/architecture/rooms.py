"""The rooms of the package and what they import of each other, as docs/architecture.md shows them.

python tests/architecture/rooms.py [FOLDER] prints the table of a checkout (default: this one).
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "churn_assets"
# From the top down, as the layers in pyproject.toml have them; what is not here comes after.
ORDER = (
    "command", "definitions", "defs", "api", "console", "alerts", "report", "backup", "doctor", "reading",
    "erasure", "warehouse", "delivery", "pulling", "workplace",
    "landing", "instance", "duck", "ui", "monitoring", "model", "decisions", "effects", "shop", "sources",
    "settings", "catalogue", "consent", "contracts", "stages", "failures",
)  # fmt: skip


def arrows(root: Path) -> dict[str, Counter[str]]:
    """Per room with code in it, from the top down: the rooms it imports, with the number of arrows."""
    files = {_module(file, root): file for file in sorted((root / PACKAGE).rglob("*.py"))}
    found: dict[str, Counter[str]] = {}
    for module, file in files.items():
        room, text = _room(module), file.read_text()
        if not text.strip() or not room:
            continue
        into = found.setdefault(room, Counter())
        into.update(_room(name) for name in {_known(each, files) for each in _imports(text)} if _room(name) != room)
        del into[""]
    return dict(sorted(found.items(), key=lambda item: (_place(item[0]), item[0])))


def table(root: Path) -> str:
    """The same as Markdown, with the lines of each room, and how many arrows point up."""
    found = arrows(root)
    lines = {room: _lines(root, room) for room in found}
    rows = ["| room | lines | share | imports |", "|---|---|---|---|"]
    for room, into in found.items():
        told = ", ".join(f"{other} {count}" for other, count in sorted(into.items())) or "nothing"
        rows.append(f"| `{room}` | {lines[room]:,} | {lines[room] / sum(lines.values()):.0%} | {told} |")
    up = sum(count for room, into in found.items() for other, count in into.items() if _place(other) < _place(room))
    total = sum(into.total() for into in found.values())
    return "\n".join([*rows, "", f"{total} imports between rooms, {up} of them upwards."])


def _lines(root: Path, room: str) -> int:
    folder = root / PACKAGE / room
    files = [folder.with_suffix(".py")] if not folder.is_dir() else folder.rglob("*.py")
    return sum(len(file.read_text().splitlines()) for file in files)


def _place(room: str) -> int:
    return ORDER.index(room) if room in ORDER else len(ORDER)


def _module(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str | None) -> str:
    parts = (module or "").split(".")
    return parts[1] if len(parts) > 1 else ""


def _known(name: str, files: dict[str, Path]) -> str | None:
    while name.startswith(PACKAGE) and name not in files:
        name = name.rpartition(".")[0]
    return name if name in files and name != PACKAGE else None


def _imports(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)


if __name__ == "__main__":
    print(table(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2]))
