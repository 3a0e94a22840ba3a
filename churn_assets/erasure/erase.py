"""`churn erase`: remove users from everything under a home, and keep them out for ever.

The tombstones come first. If the process dies after that, no run brings the users back, and the same command again
finishes the erasure.
"""

from __future__ import annotations

import getpass
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from churn_assets.erasure import partitions, restored, sqlite, warehouse
from churn_assets.erasure.busy import exclusive_home
from churn_assets.erasure.notes import about_tombstones, notes
from churn_assets.erasure.pending import delete_pending, pending_traces, save_pending
from churn_assets.erasure.proof import Places, show, survey
from churn_assets.erasure.removal import remove_damaged, remove_everywhere
from churn_assets.erasure.ties import traces_of
from churn_assets.erasure.traces import Traces
from churn_assets.failures import Failure
from churn_assets.instance.condition import heal
from churn_assets.instance.erasure_notices import add_notices, waiting_notices
from churn_assets.instance.known_backups import known_folders
from churn_assets.instance.twice import keep_twice
from churn_assets.landing.ids import RoundedId, canonical_id
from churn_assets.landing.journal import NAME as TOMBSTONES
from churn_assets.landing.journal import Journal
from churn_assets.landing.tombstones import Tombstones
from churn_assets.workplace import Workplace


class NoUserNamed(Failure, ValueError, code="user"):
    """An erasure without a user, or in a home that does not exist."""


def erase_users(
    root: Path, user_ids: Sequence[str], by: str | None, *, is_notified: bool = False, wait_seconds: float = 0
) -> bool:
    """Erase users, all in one pass, and print the proof. Returns whether no row is left.

    `is_notified`: a notice is put on record for every side that was handed a message to one of them; a dispatch hands
    it over. `wait_seconds`: for runs and dispatches that are at work. Raises ErasureBusy or NoUserNamed.
    """
    users = {user for user_id in user_ids if (user := _canonical(user_id))}
    if not users or not root.is_dir():
        named = ", ".join(repr(user_id) for user_id in user_ids) or "nobody"
        raise NoUserNamed(f"Name the user to erase, and an existing home: got {named} in {root}")
    workplace = Workplace(home_path=str(root))
    with exclusive_home(workplace.home, wait_seconds=wait_seconds), workplace.warehouse.exclusive():
        new = Tombstones(root).add(sorted(users), by or getpass.getuser())
        heal(workplace.tables)
        restored.relist(workplace)
        lines = _notify(workplace, users) if is_notified else []  # only its messages tell who has data of a user
        traces = traces_of(workplace, users) | pending_traces(root)
        before, after = _remove(workplace, traces)
        lines = [*notes(workplace, traces, rows=sum(before.values())), *lines, *_in_backups(workplace)]
        show(before, after, [*lines, about_tombstones(root, new, len(users))])
    return not any(after.values())


def _notify(workplace: Workplace, users: Collection[str]) -> list[str]:
    new = add_notices(workplace.record, users, datetime.now(UTC).replace(tzinfo=None))
    sides = ", ".join(f"{adapter}: {count}" for adapter, count in sorted(new.items())) or "none was ever written to"
    waiting = len(waiting_notices(workplace.record))
    until = (
        f" Until churn dispatch --send has handed over the {waiting} that wait, they name the user in "
        f"{workplace.home.record}." if waiting else ""
    )  # fmt: skip
    return [f"Notices to who was sent data of them ({sides}).{until}"]


def _in_backups(workplace: Workplace) -> list[str]:
    """Leave the tombstones in every backup that can be reached, so that none brings the user back."""
    journal = Journal(workplace.home.root)
    lines, _ = journal.lines()
    unreached, reached = [], 0
    for folder in known_folders(workplace.record):
        try:
            file = folder / TOMBSTONES
            Journal.append_to(file, sorted(lines - Journal.lines_of(file)))
            reached += 1
        except OSError:
            unreached.append(str(folder))
    notes_on_backups = [f"Backups that got the tombstone, and restore without the user: {reached}."] if reached else []
    if unreached:
        notes_on_backups.append(
            f"Out of reach: {', '.join(unreached)}; restored beside {journal.beside}, they come without the user."
        )
    return notes_on_backups


def _canonical(user_id: str) -> str | None:
    try:
        return canonical_id(user_id)
    except RoundedId as error:
        raise NoUserNamed(str(error)) from error


def _remove(workplace: Workplace, traces: Traces) -> tuple[Places, Places]:
    """Remove the users; returns the counts before and after. Their traces are saved until no row is left."""
    root = workplace.home.root
    remove_damaged(workplace.home)
    before = survey(workplace.home, traces)
    save_pending(root, traces)
    remove_everywhere(workplace, traces)
    after = survey(workplace.home, traces)
    if not any(after.values()):
        delete_pending(root)
    keep_twice(workplace.home)
    return before, after


def sweep_erased(workplace: Workplace, run_id: str | None = None) -> list[str]:
    """Remove erased users that restored old files contain. Returns lines to print, if there were any.

    To be called before a run reads anything, and before files without a manifest row are swept. `run_id`: the calling
    run, if it is alive already. Raises ErasureBusy where there is a user to remove and another run is at work.
    """
    tombstones = Tombstones(workplace.home.root)
    if not tombstones.rows:
        return []
    pending = pending_traces(workplace.home.root)
    if pending.users:
        with exclusive_home(workplace.home, run_id), workplace.warehouse.exclusive():
            _, counts_after = _remove(workplace, traces_of(workplace, pending.users) | pending)
        if any(counts_after.values()):
            return ["An interrupted erasure cannot be finished: run churn erase again and read what it leaves."]
    with workplace.warehouse.exclusive():
        heal(workplace.tables)
        relisted = restored.relist(workplace)
        lines = [f"Listed {relisted} partitions again whose file did not match the record store."] if relisted else []
        unswept = restored.unswept(workplace, tombstones)
        users = partitions.erased_in(workplace, unswept, tombstones)
        users |= sqlite.erased_in(workplace.home.record, tombstones)
        if workplace.home.warehouse.exists():
            users |= warehouse.erased_in(workplace.home.warehouse, tombstones)
        if users:
            with exclusive_home(workplace.home, run_id):
                remove_everywhere(workplace, traces_of(workplace, users))
            lines.append(f"Old files had brought erased users back: {len(users)}. They are removed again.")
        if unswept:
            restored.mark_swept(workplace, tombstones)
    return lines


def remove_users(workplace: Workplace, users: set[str]) -> None:
    """Remove users, whose tombstones are there, from everything. Raises ErasureBusy."""
    with exclusive_home(workplace.home), workplace.warehouse.exclusive():
        remove_everywhere(workplace, traces_of(workplace, users))
