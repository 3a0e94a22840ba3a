"""What dbt would tell the macros while they are rendered, for sqlfluff only: no dbt and no warehouse needed.

Variables are the defaults of dbt_project.yml, with the lists that a run is told; `ref`, `source`, `config`, `this` and
`is_incremental` come from sqlfluff.
As during `dbt parse` nothing executes: staging, which the macros write from the raw contract, stays a placeholder.
"""

from pathlib import Path
from types import SimpleNamespace

import yaml
from jinja2 import pass_context

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.definitions import DEFINITIONS


@pass_context
def _dispatch(context, name):
    return context[f"default__{name}"]


@pass_context
def _named(context, name):
    return context[name]


_defaults = yaml.safe_load(Path(__file__).parents[1].joinpath("dbt_project.yml").read_text())["vars"]
_told = _defaults | {"channels": list(SENDING_CHANNELS), "definitions": list(DEFINITIONS)}
var = _told.__getitem__
adapter = SimpleNamespace(dispatch=_dispatch)
context = SimpleNamespace(get=_named)
execute = False
