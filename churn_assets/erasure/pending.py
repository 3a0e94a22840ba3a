"""What an erasure that was cut short has to know when it goes on: by what the user is found, although nothing may tie
it to them any more. Private, and removed once the proof finds nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path

from churn_assets.erasure.traces import Traces

PENDING = "erasure-pending.json"


def remembered(root: Path) -> Traces:
    """Of whoever an erasure was begun and not finished; empty where there was none."""
    file = root / PENDING
    if not file.exists():
        return Traces(frozenset())
    found = json.loads(file.read_text())
    return Traces(**{field.name: frozenset(found.get(field.name, ())) for field in fields(Traces)})


def remember(root: Path, traces: Traces) -> None:
    """On disk, whole and readable by its owner only, when this returns."""
    half = root / f".{PENDING}.tmp"
    half.unlink(missing_ok=True)
    content = {field.name: sorted(getattr(traces, field.name)) for field in fields(Traces)}
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(content, handle)
        handle.flush()
        os.fsync(handle.fileno())
    half.rename(root / PENDING)


def forget(root: Path) -> None:
    (root / PENDING).unlink(missing_ok=True)
