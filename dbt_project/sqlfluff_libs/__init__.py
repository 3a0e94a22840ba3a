"""What dbt would tell the macros while they are rendered, for sqlfluff only: no dbt, no warehouse, a second instead of a minute.

Variables are the defaults of dbt_project.yml, sources those of models/staging/raw.yml; `ref`, `source`, `config`, `this` and
`is_incremental` come from sqlfluff itself.
"""

from pathlib import Path
from types import SimpleNamespace

import yaml
from jinja2 import pass_context

PROJECT = Path(__file__).parents[1]


def _read(file):
    return yaml.safe_load((PROJECT / file).read_text(encoding="utf-8"))


def _sources():
    """As `graph.sources` has them: columns by name, each column and table with its meta."""
    for source in _read("models/staging/raw.yml")["sources"]:
        for table in source["tables"]:
            columns = {column["name"]: {"meta": {}, **column} for column in table["columns"]}
            yield f"{source['name']}.{table['name']}", {**table, "source_name": source["name"], "columns": columns}


@pass_context
def _dispatch(context, name):
    return context[f"default__{name}"]


_VARS = _read("dbt_project.yml")["vars"]
var = _VARS.__getitem__
graph = SimpleNamespace(sources=dict(_sources()))
adapter = SimpleNamespace(dispatch=_dispatch, quote='"{}"'.format)
execute = True
