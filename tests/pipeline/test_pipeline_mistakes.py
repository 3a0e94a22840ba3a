"""Mistakes that take a run to be made: each answer names cause, place and next step, and nothing changes.

Fifteen commands on one copy of the base instance, none of which does anything.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from churn_assets.failures.codes import CODES

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance

OLD, LAST = "2026-11-09", "2026-11-16"


@pytest.fixture(scope="module")
def instance(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return base.final.copy(tmp_path_factory.mktemp("mistakes") / "home")


def published(instance: Instance) -> dict[str, str]:
    """Hashes of what is published or on record; databases of their own by their rows elsewhere."""
    folders = ("tables", "reports", "landing", "dispatched", "received")
    files = [file for name in folders for file in (instance.home / name).rglob("*") if file.is_file()]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


CASES = {
    "a user that there is not": ("why nobody", "user", ("nobody",)),
    "an export of a user that there is not": ("export-user nobody", "user", ("nobody",)),
    "an id with a zero too few": ("why 00000000000", "user", ("00000000000",)),
    "a report of no snapshot": ("report --snapshot 2026-11-11", "snapshot", ("2026-11-11",)),
    "a report of a snapshot without scores": ("report --snapshot 2026-08-03", "not-made", ("2026-08-03", "churn run")),
    "approving an old plan": (f"approve --yes --snapshot {OLD}", "plan", (OLD, "expired", "churn run")),
    "approving no plan": ("approve --yes --snapshot 2026-08-03", "plan", ("2026-08-03", LAST)),
    "a plan that came too late": ("dispatch --send", "plan", (LAST, "expired", "churn run")),
    "sending an old plan": (f"dispatch --send --snapshot {OLD}", "plan", (OLD, LAST)),
    "a model of no snapshot": ("promote 2026-08-03 --reason x", "promotion", ("2026-08-03", "there are models of")),
    "a model from the future": (f"promote {LAST} --from {OLD} --reason x", "promotion", (LAST, OLD)),
    "a policy that there is not": ("promote-policy best --reason x", "promotion", ("'best'", "learned, rules, value")),
    "a snapshot that the mart has not": ("verify --snapshot 2026-08-10", "snapshot", ("2026-08-10", "churn run")),
    "a run beyond the data": ("run --snapshot 2027-03-01", "snapshot", ("2027-03-01",)),
    "a message that there is not": ("unsubscribe k1", "message", ("k1",)),
    "a landing that is full already": ("simulate --users 9", "landing", ("has files already", "--home")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_after_a_run_is_answered(instance: Instance, case: str) -> None:
    command, code, names = CASES[case]
    before = published(instance)
    done = instance.churn(*command.split())
    answer = done.stdout + done.stderr
    assert done.returncode == 1, answer
    assert "Traceback" not in answer
    assert [each for each in names if each not in answer] == [], answer
    assert (re.findall(r"  \[([a-z-]+)\]$", answer, re.MULTILINE), code in CODES) == ([code], True), answer
    assert published(instance) == before, "nothing is half done"
