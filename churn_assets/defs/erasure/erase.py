"""`churn erase`: a user is taken out of everything under a home, and kept out for ever.

The tombstone comes first. Whatever happens to the process after that, no run will bring the user back, and the same
command again finishes what was begun.
"""

from __future__ import annotations

import getpass
from pathlib import Path

from churn_assets.defs.erasure import partitions, restored, sqlite, warehouse
from churn_assets.defs.erasure.busy import nobody_else
from churn_assets.defs.erasure.notes import notes
from churn_assets.defs.erasure.proof import show, survey
from churn_assets.defs.erasure.removal import remove_everywhere
from churn_assets.defs.erasure.ties import traces_of
from churn_assets.defs.erasure.tombstones import Tombstones, typed_id
from churn_assets.defs.workplace import Workplace
from churn_assets.failures import Failure


class NoUserNamed(Failure, ValueError):
    """An erasure of nobody, or in a home that does not exist."""


def erase_user(root: Path, user_id: str, by: str | None) -> bool:
    """Erase one user and print the proof. Returns whether nothing is left. Raises ErasureBusy or NoUserNamed."""
    user = typed_id(user_id)
    if not user or not root.is_dir():
        raise NoUserNamed(f"Name the user to erase, and an existing home: got {user_id!r} in {root}")
    workplace = Workplace(home_path=str(root))
    with nobody_else(workplace.home), workplace.warehouse.exclusive():
        is_new = Tombstones(root).add(user, by or getpass.getuser())
        restored.relist(workplace)
        traces = traces_of(workplace, {user})
        before = survey(workplace.home, traces)
        remove_everywhere(workplace, traces)
        after = survey(workplace.home, traces)
        show(before, after, notes(workplace, traces, is_new=is_new, rows=sum(before.values())))
    return not any(after.values())


def sweep_erased(workplace: Workplace, run_id: str | None = None) -> list[str]:
    """Remove erased users whom old files put back have brought with them. Returns lines to print, if there were any.

    To be called before a run reads anything, and before files without a manifest row are swept. `run_id`: the run
    that calls, if it is alive already. Raises ErasureBusy where there is somebody to remove and another run is at work.
    """
    tombstones = Tombstones(workplace.home.root)
    if not tombstones.rows:
        return []
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
