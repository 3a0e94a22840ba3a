"""The ways in which a command can fail that a person can do something about: their message is all that is shown."""

from __future__ import annotations

import duckdb

from churn_assets.defs.calendar import CalendarError
from churn_assets.defs.dbt.arguments import DbtRefused
from churn_assets.defs.dbt.project import ManifestError
from churn_assets.defs.delivery.dispatch import DispatchBusy
from churn_assets.defs.delivery.plan import NoPlan
from churn_assets.defs.delivery.sending import NotAllowed
from churn_assets.defs.delivery.words import NoSuchMessage
from churn_assets.defs.erasure.busy import ErasureBusy
from churn_assets.defs.erasure.erase import NoUserNamed
from churn_assets.defs.storage.promotions import NoSuchModel
from churn_assets.defs.storage.tables import PartitionDamaged, PartitionMissing
from churn_assets.defs.tuning_lock import TuningBusy
from churn_assets.instance.record.errors import RecordError
from churn_assets.landing.errors import LandingError
from churn_assets.model.slices import LeakingSplit, NothingKept, NothingToTest
from churn_assets.settings import SettingsError
from churn_assets.sources import SourceError

KNOWN_FAILURES = (
    CalendarError, DbtRefused, DispatchBusy, ErasureBusy, LandingError, LeakingSplit, ManifestError, NoPlan,
    NoSuchMessage, NoSuchModel, NoUserNamed, NotAllowed, NothingKept, NothingToTest, PartitionDamaged, PartitionMissing,
    RecordError, SettingsError, SourceError, TuningBusy,
    duckdb.IOException,  # somebody else has the warehouse open; the message names the process
)  # fmt: skip
