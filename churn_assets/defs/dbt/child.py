"""dbt in a process that does not outlive the one that started it (the script `churn-dbt`).

Otherwise a run killed for want of memory leaves dbt behind, which goes on writing into the warehouse while the next run
believes that it is alone. DuckDB survives the kill: a transaction is there whole or not at all.
"""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Takes what dbt takes."""
    die_with_parent()
    from dbt.cli.main import cli  # noqa: PLC0415 - takes 1.5 s, in which the parent may die already

    cli()


def die_with_parent() -> None:
    """Linux only; elsewhere an orphan is waited for (defs/duck.py)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
