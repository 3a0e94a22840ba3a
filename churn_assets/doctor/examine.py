"""Everything the doctor looks at, as a list of findings: the command prints it, and a page can show the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from churn_assets.doctor import on_home, on_landing, on_machine, on_stores, on_work
from churn_assets.doctor.finding import SEVERITIES, Finding
from churn_assets.doctor.machine import Machine, this_machine
from churn_assets.doctor.scene import Scene

CHECKS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    *on_machine.CHECKS, *on_home.CHECKS, *on_stores.CHECKS, *on_landing.CHECKS, *on_work.CHECKS,
)  # fmt: skip


def examine(root: Path, machine: Machine | None = None) -> Sequence[Finding]:
    """Findings about the home at `root`, which exists: errors first. Nothing is changed.

    `machine`: what to take for this machine; None: as it is.
    """
    scene = Scene(root, machine or this_machine(root))
    findings = [finding for check in CHECKS for finding in check(scene)]
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
