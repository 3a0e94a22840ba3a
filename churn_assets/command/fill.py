"""Filling an empty landing: from the simulated shop or from a known data set."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import yaml
from rich.progress import Progress, TimeElapsedColumn

from churn_assets.command.onward import onward
from churn_assets.command.shop_life import Life, write_life
from churn_assets.instance.files import write_whole
from churn_assets.instance.home import Home
from churn_assets.landing.contact import CONTACT
from churn_assets.landing.errors import LandingError
from churn_assets.shop.settings import ShopSettings
from churn_assets.shop.simulate import simulate
from churn_assets.shop.tables import Batch
from churn_assets.sources import ADAPTERS, SourceAdapter, SourceError

WIDTH = 110  # of a comment


def newest_monday(today: date) -> date:
    """The last Monday up to `today`: a shop that ends then has a plan of this week, which may still be sent."""
    return today - timedelta(days=today.weekday())


def fill_from_shop(root: Path, shop: ShopSettings, *, if_missing: bool) -> None:
    """Write the landing and, beside it, the truth."""
    home = Home(root)
    landing = _empty_landing(home, if_missing=if_missing)
    if landing is None:
        return
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), transient=True) as bar:
        task = bar.add_task(f"Simulating {shop.users:,} users over {shop.weeks} weeks", total=shop.weeks)
        rows = write_batches(home, landing, simulate(shop, lambda done, _: bar.update(task, completed=done)))
    write_life(home, Life(shop, lived=shop.weeks))
    print(f"{rows:,} raw rows up to {shop.end} in {landing}; the truth about them in {home.truth}")
    print(onward(home.root, "run"))


def write_batches(home: Home, landing: Path, batches: Iterable[Batch]) -> int:
    """Write what the shop delivers into the landing and its truth; returns the number of raw rows."""
    rows = 0
    for batch in batches:
        folder = landing if batch.folder == "landing" else home.truth
        _write(folder / batch.table / f"{batch.name}.parquet", batch.frame)
        rows += batch.frame.height if batch.folder == "landing" else 0
    return rows


def fill_from_source(root: Path, source: str, path: Path | None, *, if_missing: bool) -> None:
    """Write the raw tables of a known data set, and settings that suit it where the home has none."""
    adapter = ADAPTERS.get(source)
    if adapter is None:
        raise SourceError(f"unknown source {source!r}; known are {', '.join(ADAPTERS)}")
    home = Home(root)
    landing = _empty_landing(home, if_missing=if_missing)
    if landing is None:
        return
    for table, frame in adapter.tables(path):
        rows = frame.lazy().collect()
        _write(landing / table / f"{source}.parquet", rows)
        print(f"  {len(rows):>10,} rows  raw.{table}")
    _suggest(home, adapter)
    print(onward(home.root, "run"))


def _write(file: Path, rows: pl.DataFrame) -> None:
    """A file with e-mail addresses or telephone numbers can be read by its owner only."""
    write_whole(file, rows.write_parquet)
    if set(CONTACT) & set(rows.columns):
        file.chmod(0o600)
        file.parent.chmod(0o700)


def _empty_landing(home: Home, *, if_missing: bool) -> Path | None:
    """The landing folder if it is empty; None if it has files and `if_missing` allows that. Raises LandingError."""
    landing = Path(home.landing)
    if landing.exists() and any(landing.iterdir()):
        if if_missing:
            print(f"{landing} has files already; nothing written.")
            return None
        raise LandingError(f"{landing} has files already: remove them, or choose another home with --home")
    return landing


def _suggest(home: Home, adapter: SourceAdapter) -> None:
    """Write settings that suit the data, with their reasons; an existing file of settings stays as it is."""
    reasons: Mapping[str, str] = getattr(adapter, "REASONS", {})
    if adapter.SETTINGS and not home.settings_file.exists():
        lines = ["# Settings of this instance; everything left out has its default (churn_assets/settings/load.py)."]
        for section, fields in adapter.SETTINGS.items():
            lines.append(f"{section}:")
            for field, value in fields.items():
                reason = reasons.get(f"{section}.{field}", "")
                lines += [f"  # {line}" for line in textwrap.wrap(reason, WIDTH)]
                lines.append(f"  {yaml.safe_dump({field: value}).strip()}")
        write_whole(home.settings_file, lambda file: file.write_text("\n".join(lines) + "\n"))
