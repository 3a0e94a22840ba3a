"""Entry point of Dagster: everything under `defs/`, and what holds for all of it."""

from pathlib import Path

import dagster as dg

from churn_assets.defs.resources import workplace
from churn_assets.instance.home import Home
from churn_assets.instance.private import keep_private
from churn_assets.warehouse.moved import settle_views

keep_private()  # whichever server of Dagster loads this


@dg.definitions
def defs() -> dg.Definitions:
    """In one process: the steps are short, and each new process would import everything again."""
    home = Home.from_environment()
    settle_views(home.root)
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__)),
        dg.Definitions(resources={"workplace": workplace}, executor=dg.in_process_executor),
    )
