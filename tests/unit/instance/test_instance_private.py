"""What an instance keeps is its owner's only; what may be somebody else's is left as it is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from churn_assets.failures import Failure
from churn_assets.instance.home import OWN, Home, NoSuchHome
from churn_assets.instance.private import OTHERS, close_to_others, refuse_shared

FILES = (
    "churn.yaml", "record.sqlite", "record.sqlite-wal", "warehouse.duckdb", "landing/orders/a.csv",
    "masking/pseudonyms.parquet", "tables/scoring/scored_users/x.parquet", "dagster/history/runs.db",
)  # fmt: skip


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def write(file: Path, permissions: int = 0o644) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    file.chmod(permissions)
    return file


@pytest.fixture
def open_home(tmp_path: Path) -> Path:
    """As one of before: everybody may read it."""
    root = tmp_path / "home"
    for name in FILES:
        write(root / name)
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    return root


def test_an_open_home_is_closed_when_it_is_opened(open_home: Path) -> None:
    (open_home / "tables").chmod(0o2775)
    write(open_home / "dagster" / "run.sh", 0o755)
    Home(open_home).opened()
    everything = [open_home, *open_home.rglob("*")]
    assert [path for path in everything if mode(path) & OTHERS] == []
    assert mode(open_home) == 0o700
    assert (mode(open_home / "tables"), mode(open_home / "dagster" / "run.sh")) == (0o2700, 0o700)


def test_a_new_home_is_private_from_the_first_moment(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        home = Home(tmp_path / "a" / "home").prepare()
        assert [mode(path) for path in (home.root, home.tables, home.locks, home.dagster, home.dbt_target)] == [
            0o700
        ] * 5
    finally:
        os.umask(before)


def test_what_links_and_second_names_lead_to_is_left(open_home: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "export" / "orders" / "b.csv")
    elsewhere.parent.chmod(0o755)
    (open_home / "landing" / "users").symlink_to(elsewhere.parent)
    (open_home / "landing" / "orders" / "linked.csv").symlink_to(elsewhere)
    shared = write(tmp_path / "export" / "c.csv")
    (open_home / "landing" / "orders" / "second.csv").hardlink_to(shared)
    Home(open_home).opened()
    assert [mode(elsewhere), mode(elsewhere.parent), mode(shared)] == [0o644, 0o755, 0o644]
    assert mode(open_home / "landing" / "orders" / "a.csv") == 0o600


def test_a_landing_that_is_a_link_is_left(open_home: Path, tmp_path: Path) -> None:
    outside = (open_home / "landing").rename(tmp_path / "outside")
    (open_home / "landing").symlink_to(outside)
    Home(open_home).opened()
    assert [mode(outside), mode(outside / "orders" / "a.csv")] == [0o755, 0o644]


def test_what_somebody_else_put_there_is_left(open_home: Path) -> None:
    other = write(open_home / "project" / "notes.txt")
    Home(open_home).opened()
    assert mode(other) == 0o644
    assert mode(open_home) == 0o700, "nobody else can come to it"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_other_users_are_theirs(open_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = open_home / "landing" / "orders" / "a.csv"
    os.chown(theirs, 12345, 12345)
    monkeypatch.setattr(os, "geteuid", lambda: open_home.stat().st_uid or 54321)
    os.chown(open_home, 54321, 54321)
    close_to_others(open_home, OWN)
    assert (mode(open_home), mode(theirs)) == (0o700, 0o644)


def test_a_folder_that_is_no_home_is_not_closed(tmp_path: Path) -> None:
    """A path may be misspelt."""
    write(tmp_path / "shared" / "notes.txt")
    (tmp_path / "shared").chmod(0o755)
    with pytest.raises(NoSuchHome, match="is no home"):
        Home(tmp_path / "shared").opened().existing()
    assert mode(tmp_path / "shared") == 0o755


@pytest.mark.parametrize("root", ["/", "/srv", "/etc", "/usr/../usr", "~"])
def test_folders_of_everybody_are_no_homes(root: str) -> None:
    with pytest.raises(Failure, match=r"is shared with others.*--home"):
        refuse_shared(Path(root).expanduser())


def test_a_link_to_a_folder_of_everybody_is_no_home_either(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    for root in (tmp_path / "link", tmp_path / "sticky"):
        with pytest.raises(Failure, match="is shared with others"):
            refuse_shared(root)
    refuse_shared(tmp_path / "sticky" / "home")


def test_a_file_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"notes\.txt is a file, not the folder of a home"):
        refuse_shared(write(tmp_path / "notes.txt"))


ENTRIES = {
    "churn": "from churn_assets.command.cli import main; sys.argv = ['churn', 'ui', '--help']",
    "churn-dbt": "from churn_assets.warehouse.child import main; sys.argv = ['churn-dbt', '--version']",
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_point_keeps_what_it_makes_private(entry: str) -> None:
    code = (
        f"import os, sys\nos.umask(0o022)\n{ENTRIES[entry]}\ntry: main()\nfinally: sys.stderr.write(oct(os.umask(0)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.endswith("0o77"), done.stderr


def test_so_does_whatever_of_dagster_loads_the_definitions() -> None:
    code = "import os; os.umask(0o022); import churn_assets.definitions; print(oct(os.umask(0)))"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "0o77\n", done.stderr
