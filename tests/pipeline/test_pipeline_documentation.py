"""Every command, statement and setting of README and docs, as it is written there.

Blocks run in the order of reading in one home of 300 users, whose shop ends at the newest Monday as that of `make demo`
does: bash in a shell, then SQL on the warehouse. About 80 s with idle cores, nearly all of it two runs and the start of
ten processes. Blocks that cannot run here say why in the Markdown, and are listed below. What stands within a sentence
is held against the code by tests/architecture/test_architecture_documents.py, and not run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from churn_assets.command.fill import fill_from_source
from churn_assets.landing.inspect import inspect
from churn_assets.settings import load_settings
from churn_assets.settings.mapping import load_mapping
from churn_assets.sources import ADAPTERS
from tests.documents import ROOT, Block, documents

PAGES = [document for document in documents() if document.name.startswith(("README", "docs/"))]
BLOCKS = [block for page in PAGES for block in page.blocks()]
NOT_RUN = {  # by how the block begins
    "make demo": "takes minutes, and make ui serves until it is stopped",
    "churn prepare": "it runs the tests",
    "churn init": "the folder is yours",
    "docker build": "it needs a builder of images",
    "pip install": "it needs a server and packages that are not locked",
    "churn promote-policy": "a policy has to be proven first",
    "churn token": "it needs a server",
    'BODY=\'{"events": [{"message_key":': "it needs a server",
}
LANGUAGES = ("bash", "sql", "yaml", "python", "text")  # text: what a command prints, and drawings
ADAPTER = [block for block in BLOCKS if block.language == "python" and "NAME" in block.text]
# Commands first: a statement asks for what they have made.
RUN = sorted(
    (
        block
        for block in BLOCKS
        if block.language in ("bash", "sql", "python") and block.reason is None and block not in ADAPTER
    ),
    key=lambda block: block.language,
)
SETTINGS = {
    "churn": {"horizon_days": 14},
    "training": {
        "slices": 2, "slice_step_days": 14, "min_users": 50, "min_churners": 30, "min_stayers": 30, "iterations": 40,
    },
    "decisions": {"margin_share": 1.0},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader stands: churn_home lies in it, as after `make demo`."""
    made = tmp_path_factory.mktemp("reader")
    (made / "churn_home").mkdir()
    (made / "churn_home" / "churn.yaml").write_text(yaml.safe_dump(SETTINGS))
    # Dates in the documentation stay where they are, so the shop has to reach back to them and 30 weeks further.
    weeks = 30 + (datetime.now(UTC).date() - date(2026, 11, 9)).days // 7
    done = shell(made, f"churn simulate --users 300 --weeks {weeks}")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def shell(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """The lines as somebody types them who answers every question with yes."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if name != "CHURN_HOME"} | {"PATH": path}
    command = ["bash", "-e", "-o", "pipefail", "-c", text]
    return subprocess.run(
        command, cwd=folder, env=environment, input="y\n" * 20, capture_output=True, text=True, check=False
    )


def test_every_block_says_what_it_is() -> None:
    assert len(RUN) >= 4
    assert {block.place: block.language for block in BLOCKS if block.language not in LANGUAGES} == {}
    typed = re.compile(r"^(?:\$ |churn |make |python |select )", re.MULTILINE)
    assert [b.place for b in BLOCKS if b.language == "text" and typed.search(b.text)] == [], "a command is bash or sql"


def test_what_is_not_run_says_why() -> None:
    assert {" ".join(b.text.split()[:2]): b.reason for b in BLOCKS if b.reason is not None} == NOT_RUN


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.place)
def test_a_block_does_what_it_says(folder: Path, block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    if block.language == "bash":
        done = shell(folder, block.text)
        assert done.returncode == 0, f"{block.place}\n{done.stdout}\n{done.stderr}"
        return
    if block.language == "python":
        monkeypatch.chdir(folder)
        exec(compile(block.text, block.place, "exec"), {})  # noqa: S102 - our own documentation
        return
    with duckdb.connect(str(folder / "churn_home" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute(block.text).fetchall(), f"{block.place} finds no row"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "yaml"], ids=lambda block: block.place)
def test_settings_are_taken(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the secrets that the page says belong into the environment."""
    for line in re.findall(r"CHURN__\w+", block.text):
        monkeypatch.setenv(line, "whsec_" + "c2VjcmV0" * 4)
    file = tmp_path / "churn.yaml"
    file.write_text(block.text)
    (load_mapping if "sources" in yaml.safe_load(block.text) else load_settings)(file)
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize("block", ADAPTER, ids=lambda block: block.place)
def test_the_adapter_fills_a_landing(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: dict[str, Any] = {}
    exec(compile(block.text, block.place, "exec"), written)  # noqa: S102 - our own documentation
    monkeypatch.setitem(ADAPTERS, written["NAME"], SimpleNamespace(**written))
    row = {"id": [7], "member": ["u1"], "created": ["2026-11-01 10:00:00"], "total": [9.5]}
    pl.DataFrame(row).write_csv(tmp_path / "orders.csv")
    fill_from_source(tmp_path / "home", written["NAME"], tmp_path, if_missing=False)
    assert inspect(str(tmp_path / "home" / "landing"))["orders"].unknown_columns == ()


def would_do(*told: str) -> list[str]:
    """The lines that make would run."""
    command = [str(shutil.which("make")), "-n", "--no-print-directory", *told]
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("told", "simulate", "run"),
    [([], "--weeks 78 --seed 7", "run"), (["END=2026-11-16"], "--weeks 78 --end 2026-11-16 --seed 7", "2026-11-16")],
)
def test_the_demo_ends_where_it_is_told_or_at_the_newest_monday(told: list[str], simulate: str, run: str) -> None:
    lines = would_do("demo", *told)
    assert f".venv/bin/churn simulate --users 20000 {simulate} --if-missing" in lines
    assert lines[-1].endswith(run)
