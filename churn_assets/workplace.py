"""Everything an asset may use besides its arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from churn_assets.duck import duck
from churn_assets.instance.calendar import SnapshotCalendar
from churn_assets.instance.home import Home
from churn_assets.instance.keys import own_key
from churn_assets.instance.masking import write_pseudonyms
from churn_assets.instance.outbox import OutboxStore
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables
from churn_assets.instance.warehouse import Warehouse
from churn_assets.landing import of_home
from churn_assets.landing.contents import LandedTable
from churn_assets.landing.erased_users import without_erased_users
from churn_assets.landing.errors import LandingError
from churn_assets.landing.raw_views import show_raw
from churn_assets.settings import Settings


@dataclass(frozen=True)
class Workplace:
    """Home, settings and stores of one instance. How assets get it: defs/resources.py."""

    home_path: str

    @cached_property
    def home(self) -> Home:
        return Home(Path(self.home_path)).prepare()

    @property
    def settings(self) -> Settings:
        return self.home.settings

    @cached_property
    def calendar(self) -> SnapshotCalendar:
        return SnapshotCalendar.of(self.home)

    @cached_property
    def record(self) -> Record:
        return Record(self.home.record)

    @cached_property
    def outbox(self) -> OutboxStore:
        return OutboxStore(self.record)

    @cached_property
    def tables(self) -> Tables:
        return Tables(self.home.tables, self.record)

    @cached_property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.home.warehouse, self.home.locks)

    def landing(self) -> dict[str, LandedTable]:
        """Raw tables, without erased users."""
        return without_erased_users(of_home.landed(self.home).tables, self.home.root)

    def show_raw(self, landed_tables: Mapping[str, LandedTable]) -> None:
        """Make the landing readable in the DuckDB file."""
        with self.warehouse.exclusive(), duck(self.home.warehouse) as connection:
            show_raw(connection, landed_tables, self.settings.features.extra)

    def show_landing(self) -> None:
        """Like `show_raw`, for the present landing; no rows where it cannot be read."""
        landed_tables: dict[str, LandedTable] = {}
        with suppress(LandingError):
            landed_tables = self.landing()
        self.show_raw(landed_tables)

    def show_tables(self, written: Collection[tuple[str, str]] | None = None) -> None:
        """Make the published tables readable in the DuckDB file, those withheld aside.

        `written`: stage and table of those to show; None for all.
        """
        tables = self.tables
        self.warehouse.show(tables.files(), self.home.pseudonyms, written, withheld=tables.withheld_files())

    def show_masked(self) -> None:
        """Make them readable with pseudonyms too, for analysts."""
        users = self.warehouse.query("select distinct user_id from marts.dim_users")["user_id"]
        write_pseudonyms(self.home.pseudonyms, users, own_key(self.home.secrets, "masking"))
        self.show_tables()
