"""What the doctor finds: a fault of a home or of its machine, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One fault. `error`: something cannot run, or data are at risk; `warning`: it will come to that; `note`: good to
    know, and right as it is for many. `mend` does what `fix` says, where that is safe: nothing is lost by it.
    """

    code: str
    severity: Severity
    what: str
    fix: str
    mend: Callable[[], object] | None = None

    @property
    def is_safe(self) -> bool:
        return self.mend is not None
