"""The next command to type: the last line of what a command prints."""

from __future__ import annotations

import shlex
from pathlib import Path


def onward(root: Path, command: str, *, note: str = "") -> str:
    """The line, with the home where it is not the one that a command takes by itself."""
    at = "" if root == Path("churn_home").absolute() else f" --home {shlex.quote(str(root))}"
    return f"Next: churn {command}{at}{note}"
