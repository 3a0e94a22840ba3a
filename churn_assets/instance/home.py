"""The files of one instance: their paths, and making its folders, closed to other users."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from churn_assets.failures import Failure
from churn_assets.instance.private import OWNER_ONLY, NoFolderForAHome, close_to_others, refuse_shared
from churn_assets.settings import Settings, load_settings
from churn_assets.settings.mapping import FILE, SourceMapping, load_mapping

# No telemetry, no invitation to a community, and an event log that is fast enough for backfills.
INSTANCE_CONFIG = """\
telemetry:
  enabled: false
nux:
  enabled: false
event_log_storage:
  module: churn_assets.defs.event_log
  class: OpenSqliteEventLog
  config:
    base_dir: history/runs
"""

EVENT_LOG = INSTANCE_CONFIG[INSTANCE_CONFIG.index("event_log_storage") : INSTANCE_CONFIG.index("  config:")]
OWN_EVENT_LOG = re.compile(r"event_log_storage:\n  module: churn_assets\.\S+\n  class: \S+\n")

PULLED = "pulled"

# All that an instance makes under its root, and the settings and raw tables of its users.
OWN = (
    "churn.yaml", FILE, "landing", "received", PULLED, "dispatched", "masking", "secrets", "truth", "warehouse.duckdb*",
    "tables", "copies", "reports", "tuning", "record.sqlite*", "locks", "cache", "dagster", "dbt", "models",
    "tombstones.jsonl",
)  # fmt: skip
SIGNS = ("churn.yaml", "landing", "record.sqlite", "dagster")


class NoSuchHome(Failure, LookupError, code="home"):
    """A decision cannot be recorded, since the path holds no instance."""


@dataclass(frozen=True)
class Home:
    """The folder named by CHURN_HOME. Everything under it but the record store and the landing can be rebuilt."""

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """The home named by the environment. Raises NoFolderForAHome where its path cannot be made absolute."""
        path = os.environ.get("CHURN_HOME") or "churn_home"
        try:
            return cls(Path(path).expanduser().absolute())
        except (RuntimeError, FileNotFoundError) as error:  # of ~somebody; of a working directory that is gone
            raise NoFolderForAHome(
                f"{path}: no such folder can be found ({error}); name it by its whole path."
            ) from error

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.settings_file)

    @cached_property
    def mapping(self) -> SourceMapping:
        """How files of other systems become raw tables."""
        return load_mapping(self.mapping_file)

    @property
    def mapping_file(self) -> Path:
        return self.root / FILE

    @property
    def settings_file(self) -> Path:
        return self.root / "churn.yaml"

    @property
    def landing(self) -> str:
        """Folder or URI of the raw tables."""
        return self.settings.landing.uri or str(self.root / "landing")

    @property
    def received(self) -> Path:
        """Raw rows that this instance makes itself: contacts of dispatched messages, withdrawals received."""
        return self.root / "received"

    @property
    def pulled(self) -> Path:
        """Raw rows that were read from databases and addresses (churn pull)."""
        return self.root / PULLED

    @property
    def cache(self) -> Path:
        """Row counts and conflicts of raw files, and copies of them in UTF-8."""
        return self.root / "cache"

    @property
    def dispatched(self) -> Path:
        """Files for call centres. They hold telephone numbers and are readable by their owner only."""
        return self.root / "dispatched"

    @property
    def pseudonyms(self) -> Path:
        """The pseudonym of each user in the masked views."""
        return self.root / "masking" / "pseudonyms.parquet"

    @property
    def secrets(self) -> Path:
        """The keys for signing approvals and masking users."""
        return self.root / "secrets"

    @property
    def truth(self) -> Path:
        """The truth of the simulated shop, which the pipeline never reads."""
        return self.root / "truth"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def tables(self) -> Path:
        return self.root / "tables"

    @property
    def copies(self) -> Path:
        """Second copies of what can be rebuilt from nothing else: the record, and sealed partitions."""
        return self.root / "copies"

    @property
    def record_copy(self) -> Path:
        return self.copies / "record.sqlite"

    @property
    def reports(self) -> Path:
        """Reports as pages."""
        return self.root / "reports"

    @property
    def tuning(self) -> Path:
        """Trials of searches for better parameters (churn tune)."""
        return self.root / "tuning"

    @property
    def record(self) -> Path:
        return self.root / "record.sqlite"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.root / "dbt"

    @property
    def is_there(self) -> bool:
        """Whether the folder holds an instance."""
        return any((self.root / sign).exists() for sign in SIGNS)

    def opened(self) -> Home:
        """The home, closed to other users if it exists. Raises NoFolderForAHome."""
        refuse_shared(self.root)
        if self.is_there:
            close_to_others(self.root, OWN)
        return self

    def existing(self) -> Home:
        """The home. Raises NoSuchHome where the folder is missing or holds other files only (a misspelt path)."""
        if not self.root.is_dir() or (any(self.root.iterdir()) and not self.is_there):
            raise NoSuchHome(
                f"{self.root} is no home (no {', '.join(SIGNS)} in it), so nothing was recorded: name the right one "
                "with --home or CHURN_HOME."
            )
        return self

    def prepare(self) -> Home:
        """Make the folders, and the configuration of the Dagster instance that lives in them."""
        refuse_shared(self.root)
        self.root.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        close_to_others(self.root, OWN)
        for folder in (self.tables, self.locks, self.dagster, self.dbt_target):
            folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        config = self.dagster / "dagster.yaml"
        if not config.exists():
            config.write_text(INSTANCE_CONFIG)
        elif (text := config.read_text()) != (updated := OWN_EVENT_LOG.sub(EVENT_LOG, text)):
            config.write_text(updated)  # an older version named another event log; the files are the same
        return self
