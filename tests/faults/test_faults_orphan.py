"""dbt does not outlive the run that started it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

CHILD = "from churn_assets.warehouse.child import die_with_parent; die_with_parent(); print('ready', flush=True); "
CHILD += "import time; time.sleep(60)"
PARENT = f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {CHILD!r}]); "
PARENT += "print(p.pid, flush=True); time.sleep(60)"


def is_alive(pid: int) -> bool:
    """Neither gone nor a zombie that nobody has collected yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere an orphan is waited for")
def test_a_child_dies_with_a_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child, ready = int(parent.stdout.readline()), parent.stdout.readline()
        assert ready == "ready\n"
        assert is_alive(child)
        parent.kill()
        deadline = time.monotonic() + 10
        while is_alive(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not is_alive(child)
