"""Acts that must not be lost or half done, each on its own copy of a small home, and what has to hold after each.

Imported in a child that does one act, so no test of this file's own: test_faults_points.py stops, kills and refuses it.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import polars as pl

from churn_assets.backup.make import back_up
from churn_assets.erasure.erase import erase_users
from churn_assets.failures import Failure
from churn_assets.instance.condition import damaged
from churn_assets.instance.home import Home
from churn_assets.instance.outbox import Approval, OutboxStore
from churn_assets.instance.promotions import PromotionRow, Promotions
from churn_assets.instance.record.second import damage, edited
from churn_assets.instance.record.store import Record
from churn_assets.instance.suppressions import suppress
from churn_assets.instance.tables import Tables
from churn_assets.landing.tombstones import Tombstones

DAY, NOW = date(2026, 11, 16), datetime(2026, 11, 17, 10)
USER, OTHER = "u12", "u123"
SCORES, LEDGER = ("scoring", "scored_users"), ("interventions", "decision_ledger")
Act = Callable[[Path], object]


def make(root: Path) -> None:
    """A home with a week of tables, one sealed, a landing, and a message to each of two users."""
    home = Home(root).prepare()
    home.settings_file.write_text("calendar: {start: 2026-11-02}\n")
    (root / "landing" / "orders").mkdir(parents=True)
    rows = f"order_id,user_id,ordered_at,amount\no1,{USER},2026-11-01,5\no2,{OTHER},2026-11-02,6\n"
    (root / "landing" / "orders" / "1.csv").write_text(rows)
    tables = Tables(home.tables, Record(home.record))
    tables.publish(*SCORES, date(2026, 11, 9), _users(1))
    tables.publish(*SCORES, DAY, _users(1))
    tables.publish(*LEDGER, date(2026, 11, 9), _ledger(), seal=True)
    OutboxStore(tables.record).add(_messages().head(1))


def _users(value: int) -> pl.DataFrame:
    return pl.DataFrame({"user_id": [USER, OTHER], "value": [value, value + 1]})


def _ledger() -> pl.DataFrame:
    return pl.DataFrame({"user_id": [USER, OTHER], "decision_id": ["d" * 32, "e" * 32]})


def _messages() -> pl.DataFrame:
    return pl.DataFrame({
        "message_key": [letter * 32 for letter in "abc"], "decision_id": [letter * 32 for letter in "def"],
        "user_id": [USER, OTHER, "u7"], "channel": "email", "template": "t", "payload": "{}", "state": "planned",
        "not_before": NOW, "expires_at": datetime(2026, 11, 23),
    })  # fmt: skip


def _publish(root: Path) -> None:
    _tables(root).publish(*SCORES, DAY, _users(7))


def _seal(root: Path) -> None:
    _tables(root).publish(*LEDGER, DAY, _ledger(), seal=True)


def _record(root: Path) -> None:
    suppress(Record(root / "record.sqlite"), OTHER, "a letter", "me", NOW)


def _outbox(root: Path) -> None:
    store = OutboxStore(Record(root / "record.sqlite"))
    store.add(_messages())
    if store.approval(DAY) is None:
        store.approve(Approval(DAY, "0" * 64, 3, 1.0, "me", NOW, "signed"), _messages()["message_key"].to_list())


def _erase(root: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        if not erase_users(root, [USER], "me"):
            raise Failure("Rows are left.")


def _promote(root: Path) -> None:
    row = PromotionRow(DAY, date(2026, 11, 9), "v1", "inactivity", "promote", "better", "me", NOW)
    Promotions(Record(root / "record.sqlite")).add(row)


def _backup(root: Path) -> None:
    """Into a folder of its own each time, as a person whose backup broke off gives another name."""
    number = len(list(root.parent.glob("backup-*")))
    back_up(Home(root), root.parent / f"backup-{number}")


ACTS: Mapping[str, Act] = {
    "publish": _publish, "seal": _seal, "record": _record, "outbox": _outbox, "erase": _erase, "promote": _promote,
    "backup": _backup,
}  # fmt: skip


def _tables(root: Path) -> Tables:
    return Tables(root / "tables", Record(root / "record.sqlite"))


def faults_of(root: Path) -> list[str]:
    """What is wrong with a home, whatever was done to it. In the middle of an erasure it is unfinished, not wrong."""
    record = root / "record.sqlite"
    wrong = [f"record: {text}" for text in damage(record)]
    if wrong:
        return wrong
    wrong += [f"chain: {text}" for text in edited(record)]
    wrong += [each.text for each in damaged(Tables(root / "tables", Record(record)))]
    return wrong


def state_of(root: Path) -> dict[str, object]:
    """All that the home holds, but for times, random salts and what is about backups."""
    record = Record(root / "record.sqlite")
    with record.reading() as connection:
        rows = {
            table: sorted(connection.execute(f"select {columns} from {table}").fetchall(), key=repr)
            for table, columns in {
                "manifest": "stage, table_name, snapshot_date, rows, is_sealed", "outbox": "*", "suppressions": "*",
                "approvals": "snapshot_date, messages", "model_promotions": "snapshot_date, reason",
                "erasures": "stage, table_name, rows",
            }.items()
        }  # fmt: skip
    tables = Tables(root / "tables", record)
    frames = {
        f"{p.stage}.{p.table}.{p.snapshot}": sorted(
            user if not user.startswith("erased-") else "erased"
            for user in tables.read(p.stage, p.table, p.snapshot)["user_id"]
        )
        + tables.read(p.stage, p.table, p.snapshot).select(pl.col("^value$")).to_numpy().ravel().tolist()
        for p in record.readable_partitions()
    }
    landing = (root / "landing" / "orders" / "1.csv").read_text()
    return {**rows, **frames, "landing": landing, "erased": len(Tombstones(root).rows)}


def whole_backups(root: Path) -> int:
    """Backups beside the home that say of themselves that they are whole."""
    return len(list(root.parent.glob("backup-*/churn-backup.json")))


def do(name: str, root: str, plant: str, out: str) -> None:
    """In a child: import, wait to be continued, act."""
    import signal  # noqa: PLC0415

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    if plant:
        from tests.faults.planted import PLANTED  # noqa: PLC0415

        PLANTED[plant].apply()
    os.kill(os.getpid(), signal.SIGSTOP)
    from churn_assets.failures import error_message  # noqa: PLC0415

    try:
        ACTS[name](Path(root))
    except Exception as error:  # noqa: BLE001 - what a person would be shown
        message = error_message(error, Path(root))
        os.write(2, (message or f"BUG {type(error).__name__}: {error}").encode())
        os._exit(1 if message else 3)
    os._exit(0)
