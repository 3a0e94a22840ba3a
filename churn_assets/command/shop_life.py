"""Where a simulated shop stands: its settings, the weeks it has lived, and the messages it has answered in them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import polars as pl

from churn_assets.failures import Failure
from churn_assets.instance.files import write_whole
from churn_assets.instance.home import Home
from churn_assets.shop.answers import MESSAGES
from churn_assets.shop.settings import ShopSettings


class NoShop(Failure, LookupError, code="source"):
    """The home holds no simulated shop that could live on."""


@dataclass(frozen=True)
class Life:
    """`lived`: weeks from the shop's start, at least those of its settings."""

    shop: ShopSettings
    lived: int

    @property
    def today(self) -> date:
        """The first day that has not been lived."""
        return self.shop.boundary(self.lived)


def write_life(home: Home, life: Life) -> None:
    text = json.dumps(asdict(life), default=str, indent=2, sort_keys=True) + "\n"
    write_whole(_file(home), lambda file: file.write_text(text))


def read_life(home: Home) -> Life:
    """Raises NoShop."""
    file = _file(home)
    if not file.exists():
        raise NoShop(
            f"{home.root} holds no simulated shop that can live on ({file.name} is missing): "
            "fill an empty home with churn simulate first."
        )
    try:
        held = json.loads(file.read_text())
        shop = held["shop"] | {"end": date.fromisoformat(held["shop"]["end"])}
        return Life(ShopSettings(**shop), int(held["lived"]))
    except (ValueError, KeyError, TypeError) as error:
        raise NoShop(
            f"{file} cannot be read as the state of a simulated shop ({error}): fill an empty home anew."
        ) from error


def answered(home: Home, week: date) -> pl.DataFrame:
    """Messages that the shop has answered in the week that began on `week` (answers.MESSAGES)."""
    file = _answered_file(home, week)
    return pl.read_parquet(file) if file.exists() else pl.DataFrame(schema=MESSAGES)


def write_answered(home: Home, week: date, messages: pl.DataFrame) -> None:
    write_whole(_answered_file(home, week), messages.write_parquet)


def _file(home: Home) -> Path:
    return home.truth / "shop.json"


def _answered_file(home: Home, week: date) -> Path:
    return home.truth / "answered" / f"week={week.isoformat()}.parquet"
