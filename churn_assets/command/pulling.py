"""`churn pull`: what is new in the databases and addresses that mapping.yaml names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from churn_assets.command.onward import onward
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import wide_console
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.pull import pull
from churn_assets.pulling.table import TableRead


def pull_sources(root: Path, names: Sequence[str]) -> None:
    """Read and say what was found. Raises PullError."""
    home = Home(root).prepare()
    known = [source.name for source in home.mapping.pulled]
    unknown = sorted(set(names) - set(known))
    if not known:
        raise PullError(
            f"{home.mapping_file} has no source with a database or an address: churn map postgresql://... proposes one"
        )
    if unknown:
        raise PullError(f"{home.mapping_file} has no source {', '.join(unknown)}; it has {', '.join(known)}")
    console = wide_console()
    for read in pull(home, names):
        console.print(line_about(read), markup=False, soft_wrap=True)
    console.print(onward(root, "check", note=", then churn run"), markup=False, soft_wrap=True)


def line_about(read: TableRead) -> str:
    """One line about a reading."""
    parts = [f"{read.rows:,} rows" if read.is_first else f"{read.rows:,} new or changed rows"]
    if read.gone:
        parts.append(f"{read.gone:,} deleted")
    if read.unmarked:
        parts.append(f"{read.unmarked:,} without a cursor, which are read each time")
    if read.has_changed:
        parts.append("everything read again, since mapping.yaml has changed: what differs counts from now on")
    return f"{read.source}: {read.table}: {'; '.join(parts)}"
