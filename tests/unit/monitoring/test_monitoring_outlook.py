"""What `churn check` says of a shop of some size and age, and the figures that it goes by."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from churn_assets.duck import duck
from churn_assets.landing.inspect import inspect
from churn_assets.landing.rhythm import rhythm_of
from churn_assets.monitoring.outlook import HORIZONS, Rhythm, outlook


def said(rhythm: Rhythm, horizon_days: int = 28, holdout_share: float = 0.1) -> str:
    return " ".join(
        outlook(rhythm, horizon_days=horizon_days, active_within_days=180, min_users=500, holdout_share=holdout_share)
    )


def shop(
    *,
    users: int = 5000,
    leaving: float = 0.3,
    days: int = 800,
    buyers: int = 8000,
    repeat: int = 6000,
    step: float = 0.0,
) -> Rhythm:
    """`step`: by how much fewer leave within the next longer window."""
    shares = {horizon: max(0.0, leaving - step * at) for at, horizon in enumerate(HORIZONS, start=-1)}
    return Rhythm(days, buyers, repeat, 20.0, dict.fromkeys(HORIZONS, users), shares)


def test_a_shop_of_size_and_age_is_told_what_its_holdout_shows() -> None:
    text = said(shop())
    assert "8,000 users ordered in 26 months; 6,000 of them bought again, half of them within 20 days." in text
    assert "30% of 5,000 active users would have left, which is a share to learn from." in text
    assert (
        "500 users left alone (decisions.holdout_share 0.1) show a gain of 2 points of retention after 37 weeks" in text
    )
    assert "% of users would in half a year" in text
    assert "trees" not in text
    assert "short" not in text


@pytest.mark.parametrize(("rhythm", "expected"), [
    (shop(users=120), "needs 500 active users (training.min_users), and there are 120"),
    (shop(users=120), "no share shows it in half a year: look at larger gains"),
    (shop(leaving=0.7, step=0.15), "Within 56 days it is 40%: churn.horizon_days: 56 suits this shop."),
    (shop(leaving=0.9), "No window of up to half a year has fewer than half"),
    (shop(leaving=0.04, step=0.015), "so few that little can be learned. Within 14 days it is 6%"),
    (shop(repeat=300), "Few buy twice here (4%)"),
    (shop(days=90), "3 months of orders are short: two windows and the time in which a user counts as"),
    (shop(days=300), "There is no year before this one"),
    (Rhythm(10, 50, 0, None, dict.fromkeys(HORIZONS, 0), {}), "Nobody was active before the last 28 days"),
])  # fmt: skip
def test_a_shop_is_told_what_is_in_its_way(rhythm: Rhythm, expected: str) -> None:
    assert expected in said(rhythm)


def test_without_a_holdout_nothing_is_ever_known() -> None:
    assert "Nobody is left alone (decisions.holdout_share 0)" in said(shop(), holdout_share=0)


def test_the_figures_are_those_of_the_orders(tmp_path: Path) -> None:
    """Ten users buy every ten days until the end, five stopped forty days before it, and one bought once."""
    end, lines = date(2026, 11, 1), ["order_id,user_id,ordered_at,amount,status"]
    for user in range(1, 16):
        newest = end if user <= 10 else end - timedelta(days=40)
        lines += [f"{user}-{n},{user},{newest - timedelta(days=10 * n)},5,paid" for n in range(6)]
    lines += ["once,99,2026-06-01,5,paid", "no,1,2026-11-20,5,cancelled", "bad,,2026-11-21,5,paid"]
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "o.csv").write_text("\n".join(lines) + "\n")
    with duck() as connection:
        rhythm = rhythm_of(connection, inspect(str(tmp_path))["orders"], 28, 100)
    assert (rhythm.buyers, rhythm.repeat_buyers, rhythm.half_back_days) == (16, 15, 10.0)
    assert (rhythm.active[28], rhythm.leaving[28]) == (15, pytest.approx(5 / 15))
    assert rhythm.leaving[14] == pytest.approx(5 / 15)
    assert (rhythm.active[42], rhythm.leaving[42]) == (15, 0.0)
    assert rhythm.days == (end - date(2026, 6, 1)).days
