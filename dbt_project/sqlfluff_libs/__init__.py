"""What dbt would tell the macros while they are rendered, for sqlfluff only: no dbt and no warehouse needed.

Variables are the defaults of dbt_project.yml, with the lists that a run is told and extra columns to render; `ref`, `source`, `config`, `this` and
`is_incremental` come from sqlfluff.
As during `dbt parse` nothing executes: staging, which the macros write from the raw contract, stays a placeholder.
"""

from pathlib import Path
from types import SimpleNamespace

import yaml
from jinja2 import pass_context

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.definitions import DEFINITIONS
from churn_assets.settings import ExtraColumn
from churn_assets.warehouse.variables import extra_variable


@pass_context
def _dispatch(context, name):
    return context[f"default__{name}"]


@pass_context
def _named(context, name):
    return context[name]


_defaults = yaml.safe_load(Path(__file__).parents[1].joinpath("dbt_project.yml").read_text())["vars"]
_extra = extra_variable([
    ExtraColumn(name="extra_level", table="users", kind="category", values=("gold",)),
    ExtraColumn(name="extra_stars", table="orders", kind="number"),
])  # fmt: skip
_told = _defaults | {"channels": list(SENDING_CHANNELS), "definitions": list(DEFINITIONS), "extra": _extra}
var = _told.__getitem__
adapter = SimpleNamespace(dispatch=_dispatch, quote=str)
context = SimpleNamespace(get=_named)
execute = False
