"""Entry point of Dagster: everything under `defs/`, and what holds for all of it."""

from pathlib import Path

import dagster as dg

from churn_assets.defs.dbt.project import dbt_executable, project
from churn_assets.defs.dbt.resource import LeanDbt
from churn_assets.defs.home import Home
from churn_assets.defs.moved import settle_views
from churn_assets.defs.workplace import Workplace


@dg.definitions
def defs() -> dg.Definitions:
    """In one process: the steps are short, and each new process would import everything again."""
    home = Home.from_environment()
    settle_views(home.root)
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__)),
        dg.Definitions(
            resources={
                "workplace": Workplace(home_path=str(home.root)),
                "dbt": LeanDbt(project_dir=str(project().project_dir), dbt_executable=dbt_executable()),
            },
            executor=dg.in_process_executor,
        ),
    )
