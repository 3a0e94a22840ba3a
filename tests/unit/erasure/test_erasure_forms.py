"""A user is erased in every form that files give the id, from every kind of file; what a kill left is finished."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import polars as pl
import pytest
import zstandard

from churn_assets.duck import duck
from churn_assets.erasure import removal
from churn_assets.erasure.erase import NoUserNamed, erase_users, sweep_erased
from churn_assets.erasure.pending import PENDING
from churn_assets.landing import of_home
from churn_assets.landing.tombstones import Tombstones

if TYPE_CHECKING:
    from churn_assets.workplace import Workplace

HEADER = "order_id,user_id,ordered_at,amount\n"
FORMS = ["5501", "5501\t", " 5501 ", '"=""5501"""', "'5501", "5501.0", "5501.00", "5.501E+3", "\u200b5501"]
OTHERS = ["55010", "15501", "5501-a", "05501", "5501.5"]


@pytest.fixture
def landing(workplace: Workplace) -> Path:
    """Orders of 5501 in every form and kind of file, and of others whose ids look like it."""
    folder = Path(workplace.home.landing)
    for table in ("orders", "users", "consents"):
        (folder / table).mkdir(parents=True)
    lines = [f"o{number},{form},2026-01-01,1\n" for number, form in enumerate([*FORMS, *OTHERS])]
    text = HEADER + "".join(lines)
    orders = folder / "orders"
    (orders / "a.csv").write_text(text)
    (orders / "b.TSV").write_text(
        "order_id\tuser_id\tordered_at\tamount\nb1\t5501.0\t2026-01-01\t1\nb2\t7\t2026-01-01\t1\n"
    )
    (orders / "c.csv.gz").write_bytes(gzip.compress(text.replace("\no", "\nc").encode()))
    (orders / "d.csv.zst").write_bytes(zstandard.ZstdCompressor().compress(f"{HEADER}d1,5501,2026-01-01,1\n".encode()))
    objects = [{"order_id": f"e{n}", "user_id": user, "ordered_at": "2026-01-01", "amount": 1}
               for n, user in enumerate([5501, 5501.0, "5501 ", 7])]  # fmt: skip
    (orders / "e.ndjson").write_text("".join(json.dumps(each) + "\n" for each in objects))
    (orders / "f.json").write_text(json.dumps([{**each, "order_id": f"f{n}"} for n, each in enumerate(objects)]))
    typed = pl.DataFrame({"order_id": ["g1", "g2"], "user_id": ["5501.0", "7"], "amount": [1.0, 1.0]})
    typed.with_columns(ordered_at=datetime(2026, 1, 1)).write_parquet(orders / "g.parquet")
    (folder / "users" / "u.csv").write_text(
        "user_id,email,phone\n5501.0,five@example.org,+4915112345678\n7,seven@example.org,\n"
    )
    (folder / "consents" / "c.csv").write_text(
        "user_id,channel,purpose,is_granted,changed_at\n5501\t,email,marketing,no,2026-01-01\n7,email,marketing,yes,2026-01-01\n"
    )
    return folder


def users_left(workplace: Workplace) -> set[str]:
    """Users of raw orders, read without the tombstones."""
    with duck() as connection:
        found = connection.execute(
            f"select distinct user_id from {of_home.landed(workplace.home).tables['orders'].scan}"
        )
        return {user for (user,) in found.fetchall()}


@pytest.mark.parametrize("form", ["5501", "5501.0", "5501\t", "'5501", "5.501E+3", '="5501"'])
def test_whatever_form_is_named_every_form_goes(
    workplace: Workplace, landing: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert erase_users(workplace.home.root, [form], None)
    assert users_left(workplace) == {*OTHERS, "7"}
    told = capsys.readouterr().out
    assert "27" in told, "9 in each of two files, 1 + 1 + 3 + 3 + 1 in the others, an address, a consent"
    for file in landing.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        text = gzip.decompress(content) if file.suffix == ".gz" else content
        assert b"five@example.org" not in text
    assert Tombstones(workplace.home.root).among(["5501"]) == {"5501"}


def test_who_was_erased_in_one_form_does_not_come_back_in_another(workplace: Workplace, landing: Path) -> None:
    erase_users(workplace.home.root, ["5501.0"], None)
    (landing / "orders" / "z.csv").write_text(
        HEADER + "".join(f"z{n},{form},2026-02-01,1\n" for n, form in enumerate(FORMS))
    )
    with duck() as connection:
        scan = workplace.landing()["orders"].scan
        found = connection.execute(f"select distinct user_id from {scan} where order_id like 'z%'").fetchall()
    assert found == []


def test_a_rounded_id_is_refused(workplace: Workplace, landing: Path) -> None:
    with pytest.raises(NoUserNamed, match="is a rounded number and may be several ids"):
        erase_users(workplace.home.root, ["1.63E+17"], None)
    assert Tombstones(workplace.home.root).rows == ()


@pytest.mark.parametrize("step", ["landing.remove", "files.remove", "workplace.Workplace.show_landing"])
@pytest.mark.parametrize("finish", ["again", "next run"])
def test_addresses_in_logs_go_although_the_landing_has_forgotten_whose_they_were(
    workplace: Workplace, landing: Path, monkeypatch: pytest.MonkeyPatch, step: str, finish: str
) -> None:
    log = workplace.home.root / "notes.txt"
    log.write_text("called +4915112345678\nmailed five@example.org\nmailed seven@example.org\n")
    with duck(workplace.home.warehouse) as connection:
        connection.execute("create schema marts; create table marts.dim_users (user_id varchar)")
    where = f"churn_assets.{step}" if step.startswith("workplace") else f"{removal.__name__}.{step}"
    real = resolve_name(where)

    def killed(*arguments: object, **more: object) -> None:
        real(*arguments, **more)  # at the end of the step
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(where, killed)
        with pytest.raises(KeyboardInterrupt):
            erase_users(workplace.home.root, ["5501"], None)
    pending = workplace.home.root / PENDING
    assert pending.stat().st_mode & 0o777 == 0o600
    if finish == "again":
        assert erase_users(workplace.home.root, ["5501"], None)
    else:
        sweep_erased(workplace)
    assert log.read_text() == "mailed seven@example.org\n"
    assert not pending.exists()
    assert users_left(workplace) == {*OTHERS, "7"}


def test_a_landing_that_cannot_be_read_as_a_whole_still_tells_whose_addresses_are_whose(
    workplace: Workplace, landing: Path
) -> None:
    (landing / "orders" / "broken.csv").write_text("no header of ours\n1\n")
    log = workplace.home.root / "notes.txt"
    log.write_text("mailed five@example.org\nmailed seven@example.org\n")
    assert erase_users(workplace.home.root, ["5501"], None)
    assert log.read_text() == "mailed seven@example.org\n"
    assert b",5501," not in (landing / "orders" / "a.csv").read_bytes()
