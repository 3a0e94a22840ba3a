"""Public data that are not ours to ship, for the tests that hold a result against a published figure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "CHURN_BENCHMARK_DATA"


def benchmark_file(name: str) -> Path:
    """Skips where the variable names no folder that holds the file."""
    file = Path(os.environ.get(VARIABLE, os.devnull)) / name
    if not file.exists():
        pytest.skip(f"{name} is not ours to ship: name the folder that holds it in {VARIABLE}")
    return file
