"""The traces of an unfinished erasure, which may be found nowhere else any more when it continues. The file is private,
and removed once the proof finds no row.
"""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path

from churn_assets.erasure.traces import Traces

PENDING = "erasure-pending.json"


def pending_traces(root: Path) -> Traces:
    """Traces of the users of an unfinished erasure; empty where there is none."""
    file = root / PENDING
    if not file.exists():
        return Traces(frozenset())
    content = json.loads(file.read_text())
    return Traces(**{field.name: frozenset(content.get(field.name, ())) for field in fields(Traces)})


def save_pending(root: Path, traces: Traces) -> None:
    """Save the traces; on disk, complete and readable by its owner only, when this returns."""
    temporary = root / f".{PENDING}.tmp"
    temporary.unlink(missing_ok=True)
    content = {field.name: sorted(getattr(traces, field.name)) for field in fields(Traces)}
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(content, handle)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.rename(root / PENDING)


def delete_pending(root: Path) -> None:
    (root / PENDING).unlink(missing_ok=True)
