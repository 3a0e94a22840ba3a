"""docs/architecture.md shows the rooms as they are."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.rooms import ORDER, arrows

ROOT = Path(__file__).parents[2]


def test_the_map_of_the_rooms_is_that_of_the_code() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    shown = text.split("<!-- rooms:")[1].split("<!-- end of rooms -->")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines() if line.startswith("| `")]
    drawn = {room.strip("`"): imports for room, _, imports in rows}
    assert drawn == {room: ", ".join(sorted(into)) or "nothing" for room, into in arrows(ROOT).items()}
    assert list(drawn) == [room for room in ORDER if room in drawn], "from the top down"


def test_no_arrow_points_up() -> None:
    assert set(arrows(ROOT)) == set(ORDER)
    up = [
        (room, other) for room, into in arrows(ROOT).items() for other in into if ORDER.index(other) < ORDER.index(room)
    ]
    assert up == []
