"""`churn simulate advance` on a home whose messages were handed over: each is answered once, in its week."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from churn_assets.command import advance as advancing
from churn_assets.command.advance import advance
from churn_assets.command.fill import fill_from_shop
from churn_assets.command.shop_life import NoShop
from churn_assets.landing.errors import LandingError
from churn_assets.shop import ShopSettings

END = date(2026, 6, 1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    fill_from_shop(tmp_path, ShopSettings(end=END, users=200, weeks=6), if_missing=False)
    return tmp_path


def hand_over(home: Path, *days: int) -> None:
    """What dispatches up to now have written: per day of June 80 coupons."""
    at = [datetime.combine(END, datetime.min.time()) + timedelta(days=day, hours=9) for day in days]
    frames = [
        pl.DataFrame({"user_id": [f"u{number:06}" for number in range(80)]}).with_columns(
            contact_id=pl.concat_str(pl.lit(f"sent{moment:%m%d}-"), "user_id"), sent_at=moment, ingested_at=moment,
            channel=pl.lit("email"), propensity=pl.lit(1.0), campaign_id=pl.lit("p@d"), arm=pl.lit("coupon_20"),
            is_randomised=pl.lit(value=False), cost_amount=pl.lit(5.0),
        )
        for moment in at
    ]  # fmt: skip
    folder = home / "received" / "contacts"
    folder.mkdir(parents=True, exist_ok=True)
    pl.concat(frames).write_parquet(folder / "contacts.parquet")


def landed(home: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(home / "landing" / table / "*.parquet")


def answers(home: Path) -> pl.DataFrame:
    return landed(home, "contacts").filter(pl.col("contact_id").str.starts_with("sent"))


def test_messages_are_answered_in_their_week_and_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand_over(home, 0, 7)
    advance(home, 1)
    assert "answers to 80 messages" in (said := capsys.readouterr().out)
    assert "80 messages wait for the weeks after" in said
    assert "churn run --snapshot 2026-06-08" in said
    assert set(answers(home)["sent_at"].drop_nulls().dt.date()) == {END}
    coupons = landed(home, "coupons").filter(pl.col("face_amount") == 20.0)
    assert coupons["user_id"].n_unique() > 70, "a coupon of the level that was sent"
    advance(home, 2)
    assert "answers to 80 messages" in (said := capsys.readouterr().out)
    assert "wait" not in said
    advance(home, 1)
    assert "answers to 0 messages" in capsys.readouterr().out


def test_what_was_handed_over_later_than_its_week_is_answered_in_the_next(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    advance(home, 2)
    hand_over(home, 0)
    capsys.readouterr()
    advance(home, 1)
    assert "answers to 80 messages" in capsys.readouterr().out
    assert answers(home)["ingested_at"].min() >= datetime(2026, 6, 15), "no row becomes known in a week that is past"


def test_a_kill_before_the_end_is_made_good_by_the_same_weeks_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(home, 0)
    with monkeypatch.context() as patched:
        patched.setattr(advancing, "write_life", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            advance(home, 1)
    files = {file: file.read_bytes() for file in (home / "landing").rglob("*.parquet")}
    advance(home, 1)
    assert {file: file.read_bytes() for file in (home / "landing").rglob("*.parquet")} == files


def test_a_home_without_a_simulated_shop_is_refused(tmp_path: Path, home: Path) -> None:
    with pytest.raises(NoShop, match=r"holds no simulated shop.*churn simulate"):
        advance(tmp_path / "empty", 1)
    (home / "truth" / "shop.json").write_text("{}")
    with pytest.raises(NoShop, match=r"shop\.json cannot be read"):
        advance(home, 1)


def test_a_home_that_reads_another_landing_is_refused(home: Path) -> None:
    (home / "churn.yaml").write_text("landing:\n  uri: s3://elsewhere\n")
    with pytest.raises(LandingError, match=r"landing\.uri is set"):
        advance(home, 1)
