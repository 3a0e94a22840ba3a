"""What was found wrong with the landing. An error is what would make results wrong; a warning is what may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """`message`: what was found, in one sentence; `cure`: what to do about it."""

    severity: Severity
    table: str
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.table}: {self.message}. {self.cure}"
