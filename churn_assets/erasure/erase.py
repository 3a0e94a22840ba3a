"""`churn erase`: a user is taken out of everything under a home, and kept out for ever.

The tombstone comes first. Whatever happens to the process after that, no run will bring the user back, and the same
command again finishes what was begun.
"""

from __future__ import annotations

import getpass
from pathlib import Path

from churn_assets.erasure import partitions, restored, sqlite, warehouse
from churn_assets.erasure.busy import nobody_else
from churn_assets.erasure.notes import notes
from churn_assets.erasure.pending import forget, remember, remembered
from churn_assets.erasure.proof import Places, show, survey
from churn_assets.erasure.removal import remove_everywhere
from churn_assets.erasure.ties import traces_of
from churn_assets.erasure.traces import Traces
from churn_assets.failures import Failure
from churn_assets.landing.ids import RoundedId, canonical_id
from churn_assets.landing.tombstones import Tombstones
from churn_assets.workplace import Workplace


class NoUserNamed(Failure, ValueError):
    """An erasure of nobody, or in a home that does not exist."""


def erase_user(root: Path, user_id: str, by: str | None) -> bool:
    """Erase one user and print the proof. Returns whether nothing is left. Raises ErasureBusy or NoUserNamed."""
    user = _named(user_id)
    if not user or not root.is_dir():
        raise NoUserNamed(f"Name the user to erase, and an existing home: got {user_id!r} in {root}")
    workplace = Workplace(home_path=str(root))
    with nobody_else(workplace.home), workplace.warehouse.exclusive():
        is_new = Tombstones(root).add(user, by or getpass.getuser())
        restored.relist(workplace)
        traces = traces_of(workplace, {user}) | remembered(root)
        before, after = _removed(workplace, traces)
        show(before, after, notes(workplace, traces, is_new=is_new, rows=sum(before.values())))
    return not any(after.values())


def _named(user_id: str) -> str | None:
    try:
        return canonical_id(user_id)
    except RoundedId as error:
        raise NoUserNamed(str(error)) from error


def _removed(workplace: Workplace, traces: Traces) -> tuple[Places, Places]:
    """What was found before and after. What a second try has to know is kept until nothing is."""
    root = workplace.home.root
    before = survey(workplace.home, traces)
    remember(root, traces)
    remove_everywhere(workplace, traces)
    after = survey(workplace.home, traces)
    if not any(after.values()):
        forget(root)
    return before, after


def sweep_erased(workplace: Workplace, run_id: str | None = None) -> list[str]:
    """Remove erased users whom old files put back have brought with them. Returns lines to print, if there were any.

    To be called before a run reads anything, and before files without a manifest row are swept. `run_id`: the run
    that calls, if it is alive already. Raises ErasureBusy where there is somebody to remove and another run is at work.
    """
    tombstones = Tombstones(workplace.home.root)
    if not tombstones.rows:
        return []
    begun = remembered(workplace.home.root)
    if begun.users:
        with nobody_else(workplace.home, run_id), workplace.warehouse.exclusive():
            _, left = _removed(workplace, traces_of(workplace, begun.users) | begun)
        if any(left.values()):
            return ["An erasure that was cut short cannot be finished: run churn erase again and read what it leaves."]
    with workplace.warehouse.exclusive():
        relisted = restored.relist(workplace)
        told = [f"Found the files of {relisted} partitions that the record store knew otherwise."] if relisted else []
        unswept = restored.unswept(workplace, tombstones)
        users = partitions.erased_in(workplace, unswept, tombstones)
        users |= sqlite.erased_in(workplace.home.record, tombstones)
        if workplace.home.warehouse.exists():
            users |= warehouse.erased_in(workplace.home.warehouse, tombstones)
        if users:
            with nobody_else(workplace.home, run_id):
                remove_everywhere(workplace, traces_of(workplace, users))
            told.append(f"Old files had brought erased users back: {len(users)}. They are removed again.")
        if unswept:
            restored.mark_swept(workplace, tombstones)
    return told
