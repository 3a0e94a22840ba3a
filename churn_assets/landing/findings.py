"""A finding on the landing. An error would make results wrong; a warning may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class LandingFinding:
    """`message`: what is wrong, in one sentence; `cure`: what to do about it."""

    severity: Severity
    table: str
    message: str
    cure: str

    def __str__(self) -> str:
        return f"{self.table}: {self.message}. {self.cure}"
