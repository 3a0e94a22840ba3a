"""The scientist's commands on a small training set: the terminal, the tables of the warehouse and the page agree."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from churn_assets.command.cli import app
from churn_assets.command.lab import bakeoff as bakeoff_lab
from churn_assets.command.lab.activity import HOW_TO_GET_IT
from churn_assets.contracts.model_bakeoffs import ALWAYS_TESTED, ModelBakeoffs
from churn_assets.instance.tables import PartitionMissing
from churn_assets.model.slices import NothingToTest
from churn_assets.stages import Stage
from churn_assets.warehouse.selection import training_features
from churn_assets.workplace import Workplace

OLDER, SNAPSHOT = date(2026, 4, 27), date(2026, 5, 25)
HORIZON, USERS = timedelta(days=28), 300


def training_set(snapshot: date, slices: int) -> pl.DataFrame:
    random = np.random.default_rng(1)
    frames = []
    for number in range(slices, 0, -1):
        day = snapshot - number * HORIZON
        recency, days = random.exponential(40, USERS), 1 + random.poisson(2, USERS)
        gap = np.where(random.random(USERS) < 0.3, np.nan, random.exponential(30, USERS))
        log_odds = 1.2 * (np.log1p(recency) - 3.2) - 0.5 * (days - 3)
        frames.append(
            pl.DataFrame(
                {
                    "user_id": [f"u{i:04d}" for i in range(USERS)],
                    "snapshot_date": [day] * USERS,
                    "matures_at": [datetime.combine(day + HORIZON, datetime.min.time())] * USERS,
                    "is_churned": random.random(USERS) < 1 / (1 + np.exp(-log_odds)),
                    "recency_days": recency,
                    "orders_count": days,
                    "spent_amount": days * random.lognormal(3, 0.5, USERS),
                    "tenure_days": recency + random.exponential(100, USERS),
                    "purchase_days_count": days,
                    "gap_mean_days": pl.Series(gap, nan_to_null=True),
                    "expected_purchases": days / (10 + recency),
                },
                schema_overrides={"matures_at": pl.Datetime("us")},
            )
        )
    return pl.concat(frames)


@pytest.fixture
def shop(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.setenv("CHURN_HOME", workplace.home_path)  # the command sets it too; this one is undone
    monkeypatch.setattr(bakeoff_lab, "is_sequence_installed", lambda: False)  # it reads marts, which are not made here
    workplace.home.settings_file.write_text("training: {iterations: 30, bakeoff_slices: 2}\n")
    for day, slices in ((OLDER, 2), (SNAPSHOT, 4)):
        workplace.tables.publish(Stage.TRAINING, "training_set", day, training_set(day, slices))
    return workplace


def bakeoff(*options: str) -> Result:
    return command("bakeoff", *options)


def command(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


def test_terminal_table_and_page_say_the_same(shop: Workplace) -> None:
    told = bakeoff("--home", shop.home_path)
    assert told.exit_code == 0, told.output
    table = shop.warehouse.query("select * from training.model_bakeoffs")
    ModelBakeoffs.validate(table, lazy=True)
    assert set(table["model"]) == set(ALWAYS_TESTED)
    assert set(table["snapshot_date"]) == {SNAPSHOT}
    assert table["slice_date"].n_unique() == 2

    best = table.filter(slice_date=SNAPSHOT - HORIZON, segment="all").sort("auc", descending=True).row(0, named=True)
    first = next(line for line in told.output.splitlines() if line.split()[:1] == [best["model"]])
    assert f"{best['auc']:.3f}" in first
    assert "4 slices. A model learns from 100,000 rows at most" in told.output
    assert HOW_TO_GET_IT in told.output

    html = (shop.home.reports / f"bakeoff_{SNAPSHOT}.html").read_text()
    assert len(html) < 1_000_000
    assert html.count("data:image/png;base64,") == 5
    assert "http" not in html
    assert "<script" not in html
    assert "u0001" not in html, "aggregates only"
    assert f"<td>{best['model']}</td><td>{best['auc']:.3f}</td>" in html


def test_a_snapshot_can_be_named_and_again_replaces_what_was_there(shop: Workplace) -> None:
    for _ in range(2):
        assert bakeoff("--snapshot", str(OLDER)).exit_code == 0
    table = shop.warehouse.query("select snapshot_date, count(*) as rows from training.model_bakeoffs group by 1")
    assert table.rows() == [(OLDER, shop.tables.read(Stage.TRAINING, "model_bakeoffs", OLDER).height)]


def test_what_is_missing_is_named(shop: Workplace) -> None:
    with pytest.raises(PartitionMissing, match=r"training.training_set has no snapshot 2026-05-18"):
        raise bakeoff("--snapshot", "2026-05-18").exception or AssertionError
    shop.tables.publish(Stage.TRAINING, "training_set", SNAPSHOT, training_set(SNAPSHOT, 1))
    with pytest.raises(NothingToTest, match="holds 1 slices"):
        raise bakeoff().exception or AssertionError


def test_a_home_without_a_training_set_says_so(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_HOME", workplace.home_path)
    with pytest.raises(PartitionMissing, match="holds no training set yet"):
        raise bakeoff().exception or AssertionError


def test_a_search_goes_on_where_it_stood(shop: Workplace) -> None:
    first, second = (command("tune", "--trials", str(trials)) for trials in (1, 2))
    assert (first.exit_code, second.exit_code) == (0, 0), second.output
    assert "1 trials stood before" in second.output
    assert "Trial 2" in second.output
    table = shop.tables.read(Stage.TRAINING, "model_tunings", SNAPSHOT)
    assert table.height == 3
    assert table.filter("is_present")["iterations"].to_list() == [30]
    assert "churn.yaml" in second.output or "keep what you have" in second.output


def test_a_selection_is_used_from_its_snapshot_on_and_never_before(shop: Workplace) -> None:
    told = command("select-features")
    assert told.exit_code == 0, told.output
    table = shop.tables.read(Stage.TRAINING, "feature_selections", SNAPSHOT)
    kept = table.filter("is_kept")["feature"].to_list()
    assert kept
    assert "kept" in told.output

    selecting = shop.home.settings_file.read_text().replace("{", "{feature_columns: selected, ")
    shop.home.settings_file.write_text(selecting)
    again = Workplace(home_path=shop.home_path)
    features, line = training_features(again, SNAPSHOT, training_set(SNAPSHOT, 4))
    assert sorted(feature.name for feature in features) == sorted(kept)
    assert line == f"selected: {len(kept)} of 7, by the selection of {SNAPSHOT}"
    with pytest.raises(PartitionMissing, match=f"no selection made at {OLDER}"):
        training_features(again, OLDER, training_set(OLDER, 2))
    with pytest.raises(PartitionMissing, match="does not have: "):
        training_features(again, SNAPSHOT, training_set(SNAPSHOT, 4).drop(kept))
