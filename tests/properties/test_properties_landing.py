"""Landing folders made at random: what must become of every row is known, and compared with what does.

60 folders, about a second each; `make bench` goes on with 2,000 (benchmarks/landing_fuzz.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.landing_fuzz import wrong


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_every_row_of_a_random_landing_becomes_what_it_has_to(first: int, tmp_path: Path) -> None:
    found = {seed: wrong(seed, tmp_path / str(seed)) for seed in range(first, first + 10)}
    assert {seed: told for seed, told in found.items() if told} == {}
