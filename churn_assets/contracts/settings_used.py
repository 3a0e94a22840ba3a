"""Contract of monitoring.settings_used: one row per setting and snapshot."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl


class SettingsUsed(pa.DataFrameModel):
    """`setting`: section and field; `value`: JSON, of a secret only that it is set."""

    snapshot_date: pl.Date
    setting: str = pa.Field(str_matches=r"^[a-z_]+\.[a-z_0-9]+$")
    value: str = pa.Field(str_length={"min_value": 1})

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "setting")
