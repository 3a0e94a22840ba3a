"""What dbt would tell the macros while they are rendered, for sqlfluff only: no dbt and no warehouse needed.

Variables are the defaults of dbt_project.yml; `ref`, `source`, `config`, `this` and `is_incremental` come from sqlfluff.
As during `dbt parse` nothing executes: staging, which the macros write from the raw contract, stays a placeholder.
"""

from pathlib import Path
from types import SimpleNamespace

import yaml
from jinja2 import pass_context


@pass_context
def _dispatch(context, name):
    return context[f"default__{name}"]


var = yaml.safe_load(Path(__file__).parents[1].joinpath("dbt_project.yml").read_text())["vars"].__getitem__
adapter = SimpleNamespace(dispatch=_dispatch)
execute = False
