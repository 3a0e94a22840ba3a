"""`churn_assets.open`: a home read as frames, without SQL and without a path. No run of its own."""

from __future__ import annotations

import ast
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import churn_assets as churn
from churn_assets.instance.home import NoSuchHome
from churn_assets.instance.tables import PartitionMissing
from churn_assets.reading import NoSuchTable, OpenHome
from tests.documents import ROOT
from tests.pipeline.conftest import END, WEEKS, Base

NOTEBOOK = ROOT / "docs" / "first_look.ipynb"


@pytest.fixture(scope="module")
def shop(base: Base) -> OpenHome:
    return churn.open(base.final.home)


def test_a_table_is_read_at_its_newest_snapshot_or_at_another(shop: OpenHome) -> None:
    assert shop.snapshots() == list(WEEKS)
    newest = shop.frame("scored_users")
    assert newest["snapshot_date"].unique().to_list() == [END]
    assert shop.frame("scoring.scored_users", str(WEEKS[0])).height != 0
    assert newest.equals(shop.frame("scored_users", END))


def test_features_have_a_catalogue_and_a_training_set(shop: OpenHome) -> None:
    catalogue = shop.catalogue()
    features, learned = shop.features(), shop.training_set()
    assert {"user_id", "snapshot_date"} | set(catalogue["name"]) >= set(features.columns)
    assert catalogue["label_zh"].null_count() == 0
    assert learned["snapshot_date"].max() <= END
    assert shop.features(WEEKS[0])["snapshot_date"].unique().to_list() == [WEEKS[0]]


def test_every_table_that_is_listed_can_be_read(shop: OpenHome) -> None:
    assert {name.split(".")[0] for name in shop.tables} >= {"raw", "marts", "features", "scoring", "effects"}
    unread = [name for name in shop.tables if not shop.frame(name).width]
    assert unread == []


@pytest.mark.parametrize(("name", "day", "error", "message"), [
    ("scored_user", None, NoSuchTable, "did you mean scored_users?"),
    ("zzz", None, NoSuchTable, "There is no table zzz; there are raw."),
    ("user_features", "2020-01-06", NoSuchTable, "features.user_features has no snapshot 2020-01-06; it has"),
    ("scored_users", date(2020, 1, 6), PartitionMissing, "churn run --snapshot 2020-01-06"),
])  # fmt: skip
def test_what_is_not_there_is_named(
    shop: OpenHome, name: str, day: date | str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as refused:
        shop.frame(name, day)
    assert message in str(refused.value)


def test_a_misspelt_home_makes_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere") / "home"
    with pytest.raises(NoSuchHome):
        churn.open(nowhere)
    assert not nowhere.exists()


def test_the_notebook_of_the_documentation_runs_from_top_to_bottom(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "churn_home").symlink_to(base.final.home)
    monkeypatch.chdir(tmp_path)
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code"), "what it shows would grow old"
    shown: list[object] = []
    variables: dict[str, object] = {}
    for text in code:
        *statements, last = ast.parse(text).body
        exec(compile(ast.Module(statements, []), NOTEBOOK.name, "exec"), variables)  # noqa: S102 - our own documentation
        assert isinstance(last, ast.Expr), f"a cell ends with what it shows: {text}"
        shown.append(eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), variables))  # noqa: S307
    empty = [
        text for text, value in zip(code, shown, strict=True) if isinstance(value, pl.DataFrame) and value.is_empty()
    ]
    assert empty == []
    assert [value for value in shown if isinstance(value, float)], "the reader's own model has an AUC"
