"""`churn doctor` and `churn status`: what is wrong with a home, and what it holds, in the terminal or for programs."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from churn_assets.doctor.examine import CHECKS, examine
from churn_assets.doctor.finding import SEVERITIES, Finding
from churn_assets.doctor.status import status
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import wide_console


def doctor(root: Path, *, as_json: bool, is_fixed: bool) -> bool:
    """Print the findings, after mending what is safe to mend if `is_fixed`; returns whether none is an error."""
    findings = examine(root)
    mended = _mend(root, findings) if is_fixed else []
    if mended:
        findings = examine(root)
    if as_json:
        listed = [_plain(each) for each in findings]
        result = {"home": str(root), "checks": len(CHECKS), "mended": mended, "findings": listed}
        print(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        _print(findings, mended)
    return not any(each.severity == "error" for each in findings)


def show_status(root: Path, *, as_json: bool) -> None:
    """Print what the home holds, what is due and what is at work."""
    current = status(root)
    if as_json:
        print(json.dumps({"home": str(root), **asdict(current)}, ensure_ascii=False, indent=2))
        return
    console = wide_console()
    console.print(f"Home {root}", markup=False, soft_wrap=True)
    for heading, lines in (("There is", current.exists), ("Due", current.due), ("At work", current.runs)):
        console.print(f"{heading}:" if lines else f"{heading}: nothing", markup=False)
        for line in lines:
            console.print(f"  {line}", markup=False, soft_wrap=True)


def _mend(root: Path, findings: Sequence[Finding]) -> list[str]:
    """Mend what is safe to mend; returns the codes. Raises what mending raises: a full disk, a home of another user."""
    mended = []
    for each in findings:
        if each.mend:
            each.mend()
            mended.append(each.code)
    if any(each.code == "dead_runs" for each in findings):
        _fail_dead_runs(Home(root))
        mended.append("dead_runs")
    return sorted(set(mended))


def _fail_dead_runs(home: Home) -> None:
    from churn_assets.command.running import instance_of  # noqa: PLC0415 - imports Dagster: 3 s that no other check needs
    from churn_assets.defs.lifelines import sweep_dead_runs  # noqa: PLC0415

    os.environ["DAGSTER_HOME"] = str(home.dagster)
    with instance_of(home) as instance:
        sweep_dead_runs(instance, home.locks)


def _print(findings: Sequence[Finding], mended: Sequence[str]) -> None:
    console = wide_console()
    if mended:
        console.print(f"Mended: {', '.join(mended)}.", markup=False)
    for each in findings:
        safe = " (churn doctor --fix does it)" if each.is_safe else ""
        console.print(f"{each.severity:>7}  {each.what}", markup=False, soft_wrap=True)
        console.print(f"         {each.fix}{safe}  [{each.code}]", markup=False, soft_wrap=True)
    counts = Counter(each.severity for each in findings)
    summary = ", ".join(f"{counts[name]} {name}s" for name in SEVERITIES if counts[name])
    console.print(f"{len(CHECKS)} checks: {summary or 'nothing is wrong'}.", markup=False)


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code, "severity": finding.severity, "what": finding.what, "fix": finding.fix,
        "is_safe": finding.is_safe or finding.code == "dead_runs",
    }  # fmt: skip
