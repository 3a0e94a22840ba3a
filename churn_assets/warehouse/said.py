"""Completes the manifest for models whose columns follow from a list, so that no yml repeats the list.

- `<channel>` in the name of a column stands for one column per channel (contracts/channels.py).
- A staged table has the columns of its raw table (contracts/raw.py); its yml, if any, names those that are added.
- `columns_of: stg_<table>` in the meta of a model stands for the columns of that staged table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.raw import RawTable, raw_contract

CHANNEL = "<channel>"
Columns = dict[str, dict[str, Any]]
KNOWN_AT = "When the warehouse learned of it; event time where the source has none."
HAS_CONTACT = "The shop holds one; the value itself stays in the landing."


def complete_descriptions(manifest: Mapping[str, Any]) -> None:
    """Complete the descriptions and columns of the models of a manifest, in place."""
    models = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    for table in raw_contract():
        staged = models[f"stg_{table.name}"]
        staged["columns"] = _staged(table) | staged["columns"]
        staged["description"] = staged["description"] or f"{table.rows}, typed; refused rows are in quarantine."
    for model in models.values():
        like = model["config"]["meta"].get("columns_of")
        model["columns"] = _per_channel((models[like]["columns"] if like else {}) | model["columns"])


def _staged(table: RawTable) -> Columns:
    """The columns that macros/staged.sql makes."""
    descriptions = {
        f"has_{column.name}" if column.is_contact else column.name: HAS_CONTACT
        if column.is_contact
        else column.description
        for column in table.columns
        if column.name != "ingested_at"
    }
    return {name: _column(name, text) for name, text in (descriptions | {"known_at": KNOWN_AT}).items()}


def _per_channel(columns: Columns) -> Columns:
    expanded: Columns = {}
    for name, column in columns.items():
        for channel in SENDING_CHANNELS if CHANNEL in name else ("",):
            column_name = name.replace(CHANNEL, channel)
            expanded[column_name] = column | _column(column_name, column["description"].replace(CHANNEL, channel))
    return expanded


def _column(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "description": description}
