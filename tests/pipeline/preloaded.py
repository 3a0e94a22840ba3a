"""What the fork server of warm.py has of the project before it forks: what knows of no home, and the manifest of dbt.

The calendar and the settings of a home are settled by `churn_assets.defs` and by the command line, when these are
imported; so a command imports those itself. A run spends 2 s less of its processor time.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pkgutil import walk_packages

import churn_assets
from churn_assets.defs.dbt import in_process

OF_A_HOME = ("churn_assets.command", "churn_assets.console", "churn_assets.definitions", "churn_assets.defs")
NOT_OF_A_RUN = ("churn_assets.model.sequence", "churn_assets.sources", "churn_assets.ui")  # the first needs an extra

for module in walk_packages(churn_assets.__path__, "churn_assets."):
    if not module.name.startswith((*OF_A_HOME, *NOT_OF_A_RUN)):
        import_module(module.name)
if "churn_assets.defs.partitions" in sys.modules:
    raise RuntimeError("A module below churn_assets.defs settles the calendar of a home when it is imported.")
in_process._manifest()
gc.freeze()  # a child need not look through, and so copy, what it shares with this process
