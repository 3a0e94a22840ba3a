"""The order in which an act changes the disk, read from its system calls: what a kill cannot show, as the kernel keeps
what a dead process wrote, and a power cut would.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"^\d+\s+(?P<call>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+)")
OF_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
QUOTED = re.compile(r'"([^"]*)"')
WRITES, SYNCS = ("write", "pwrite64", "ftruncate"), ("fsync", "fdatasync")
KEPT = ("tables", "copies", "landing")
TEMPORARY = ".tmp"


@dataclass(frozen=True)
class Call:
    name: str
    path: str
    target: str = ""


def calls_of(lines: Sequence[str]) -> list[Call]:
    """The calls that succeeded, in order."""
    calls = []
    for match in filter(None, map(LINE.match, lines)):
        if int(match["result"]) < 0:
            continue
        descriptor, quoted = OF_DESCRIPTOR.match(match["arguments"]), QUOTED.findall(match["arguments"])
        if descriptor:
            calls.append(Call(match["call"], descriptor[1].removesuffix(" (deleted)")))
        elif quoted:
            calls.append(Call(match["call"], quoted[0], quoted[-1] if len(quoted) > 1 else ""))
    return calls


def protocol_faults(act: str, lines: Sequence[str], home: Path, there_before: Collection[str]) -> list[str]:
    """Sentences about calls in an order that a power cut or a reader would suffer from; empty where all is well."""
    calls = [call for call in calls_of(lines) if str(home.parent) in call.path]
    renames = [(place, call) for place, call in enumerate(calls) if call.name == "rename" and _is_kept(call, home)]
    wrong = []
    for place, call in renames:
        if not any(each.name in SYNCS and each.path == call.path for each in calls[_last_write(calls, place) : place]):
            wrong.append(f"{call.target} was renamed before it was on disk")
        if not any(each.name in SYNCS and each.path == str(Path(call.target).parent) for each in calls[place:]):
            wrong.append(f"the folder of {call.target} is not on disk")
        if call.target in there_before and str(home / "tables") in call.target:
            wrong.append(f"{call.target} was replaced under the name that a row has")
    wrong += [f"{call.path} was written in its place" for call in calls if _is_in_place(call, home)]
    wrong += [f"{call.target} is a link" for call in calls if call.name == "link"]
    wrong += _record_faults(calls, home, renames)
    return wrong + (_erasure_faults(calls, home, renames) if act == "erase" else _backup_faults(act, calls))


def _last_write(calls: Sequence[Call], before: int) -> int:
    """Place of the last write to what is renamed at `before`; 0 where the writes are not seen (mapped, copied)."""
    path = calls[before].path
    return max((n for n in range(before) if calls[n].path == path and calls[n].name in WRITES), default=0)


def _is_kept(call: Call, home: Path) -> bool:
    inside = any(str(home / name) + "/" in call.target for name in KEPT)
    return inside or call.target.startswith((f"{home.parent}/backup-", f"{home}/erasure-pending"))


def _is_in_place(call: Call, home: Path) -> bool:
    is_kept = any(call.path.startswith(f"{home / name}/") for name in KEPT)
    return call.name in WRITES and is_kept and not call.path.endswith((TEMPORARY, "-journal", "-wal", "-shm"))


def _record_faults(calls: Sequence[Call], home: Path, renames: Sequence[tuple[int, Call]]) -> list[str]:
    log = f"{home / 'record.sqlite'}-wal"
    written = [place for place, call in enumerate(calls) if call.path == log and call.name == "pwrite64"]
    synced = [place for place, call in enumerate(calls) if call.path == log and call.name in SYNCS]
    wrong = ["the record is not forced to disk"] if written and max(synced, default=-1) < written[-1] else []
    partitions = (f"{home / 'tables'}/", f"{home / 'copies' / 'tables'}/")
    for place, call in renames:
        if call.target.startswith(partitions) and not any(each > place for each in written):
            wrong.append(f"{call.target} came after the row that names it, or without one")
    return wrong


def _erasure_faults(calls: Sequence[Call], home: Path, renames: Sequence[tuple[int, Call]]) -> list[str]:
    tombstones, pending = str(home / "tombstones.jsonl"), str(home / "erasure-pending.json")
    synced = [place for place, call in enumerate(calls) if call.path == tombstones and call.name in SYNCS]
    noted = [place for place, call in renames if call.target == pending]
    removed = [place for place, call in renames if call.target != pending]
    first = min(removed, default=len(calls))
    wrong = [] if synced and synced[0] < first else ["something was removed before the tombstone was on disk"]
    return wrong if noted and noted[0] < first else [*wrong, "something was removed before it was noted whom to erase"]


def _backup_faults(act: str, calls: Sequence[Call]) -> list[str]:
    if act != "backup":
        return []
    changed = [(place, call.target or call.path) for place, call in enumerate(calls)]
    into = [(place, path) for place, path in changed if "/backup-" in path]
    listed = [place for place, path in into if Path(path).name == "churn-backup.json"]
    others = [place for place, path in into if calls[place].name == "rename" and Path(path).name != "churn-backup.json"]
    return [] if listed and listed[0] > max(others) else ["it said that it is whole before it was"]
