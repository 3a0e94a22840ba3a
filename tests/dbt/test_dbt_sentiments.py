"""A review is read with what the ratings had taught before it counted itself; log-odds worked out by hand.

The weight of a pair of characters is ln((good with it + 1) / (good + 2)) - ln((bad with it + 1) / (bad + 2)), where
reviews are counted; a text has the mean weight of its different pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import log

import pytest

Query = Callable[..., list[tuple[object, ...]]]

EXPECTED = {
    "v0": None,  # no words
    "v1": None,  # nothing had been learned yet,
    "v2": None,  # and one of the same week teaches nothing
    "v3": log(2),  # D1, from 1 good `Good` and 1 bad `bad`: go, oo, od: ln(2/3) - ln(1/3)
    "v4": -log(2),  # D2, from 2 good and 2 bad, `poor` among them: ba, ad: ln(1/4) - ln(2/4)
    "v5": (2 * log(3) + log(1.5) - 2 * log(2)) / 7,  # go, od: ln 3; oo, in `poor` too: ln(3/2); two pairs unheard of
    "v7": (2 * log(4 / 3) + log(10 / 3)) / 3,  # D3: `poor` is good by now, of 4 good and 2 bad
}


@pytest.mark.parametrize("review", EXPECTED)
def test_sentiment(whole: Query, review: str) -> None:
    expected = EXPECTED[review]
    found = whole("select sentiment::double from marts.int_review_sentiments where review_id = ?", review)
    assert found == [(None if expected is None else pytest.approx(expected, abs=1e-6),)]


def test_both_versions_of_a_corrected_review_are_read_as_at_its_first(whole: Query) -> None:
    columns = "known_at, superseded_at, rating, sentiment::double"
    found = whole(f"select {columns} from marts.int_review_sentiments where review_id = 'v6' order by known_at")
    first, second = datetime(2026, 1, 2, 11), datetime(2026, 1, 6, 11)
    said = pytest.approx(log(2) / 3, abs=1e-6)  # oo alone is known
    assert found == [(first, second, 2, said), (second, None, 4, said)]


def test_terms_of_a_corrected_review_change_sides(whole: Query) -> None:
    sql = """select counts_from_date::varchar, good_reviews, bad_reviews from marts.int_review_terms
             where term = ? order by 1"""
    assert whole(sql, "po") == [("2026-01-05", 0, 1), ("2026-01-12", 1, -1), ("2026-01-19", 1, 0)]
    assert whole(sql, "") == [
        ("2025-09-15", 0, 0),  # three stars
        ("2025-12-22", 1, 1),
        ("2026-01-05", 1, 1),
        ("2026-01-12", 2, 0),  # v5 and v6 good; v4 bad, and v6 no longer
        ("2026-01-19", 1, 0),
    ]
