"""The settings that a snapshot was made with, so that figures that moved can be told from settings that did."""

from collections.abc import Iterator

import polars as pl

from churn_assets.contracts.settings_used import SettingsUsed
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.settings.listed import DEFAULT, listed_settings
from churn_assets.stages import Stage


# After the scores: of a snapshot that a run did not reach nothing is to be there.
@snapshot_assets(
    Stage.MONITORING,
    {"settings_used": SettingsUsed},
    deps=[[Stage.SCORING, "scored_users"]],
    kinds={"polars"},
    owner="team:data-engineering",
)
def settings_used(at: Snapshot) -> Iterator[Product]:
    """One row per setting: its value when the snapshot was made; secrets are hidden."""
    listed = sorted(listed_settings(at.workplace.home.settings_file), key=lambda each: each.name)
    frame = pl.DataFrame(
        {"snapshot_date": at.date, "setting": [each.name for each in listed], "value": [each.value for each in listed]}
    )
    changed = [each.name for each in listed if each.source != DEFAULT]
    yield Product("settings_used", frame, {"settings that are not the default": ", ".join(changed) or "none"})
