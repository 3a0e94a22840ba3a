"""The resource of assets: the home of this process. It takes no run configuration.

A run configuration must not be able to name another home, whose approved plan would be sent.
Dagster refuses configuration of a resource whose schema has no fields.
"""

from collections.abc import Iterator

import dagster as dg

from churn_assets.defs.lifelines import Lifeline
from churn_assets.instance.home import Home
from churn_assets.instance.twice import keep_twice
from churn_assets.workplace import Workplace


@dg.resource(config_schema={})
def workplace(context: dg.InitResourceContext) -> Iterator[Workplace]:
    """The instance in CHURN_HOME. A run holds a lifeline for as long as it lives."""
    resource = Workplace(home_path=str(Home.from_environment().root))
    lifeline = Lifeline.hold(resource.home.locks, context.run.run_id) if context.run else None
    try:
        yield resource
    finally:
        if lifeline:
            keep_twice(resource.home)
            lifeline.release()
