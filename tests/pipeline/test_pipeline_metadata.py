"""What the UI shows of each asset after real runs: words and units, few digits, small pictures, true lineage."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import pytest

from churn_assets.command.running import instance_of
from churn_assets.defs.columns import CARRIED_FROM_LEDGER, CARRIED_FROM_SCORES, CARRIED_FROM_STATUSES
from churn_assets.instance.home import Home

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base

WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ()%./,:+-]*")
MOST_DIGITS, MOST_PICTURE, MOST_OF_AN_ASSET = 4, 40_000, 250_000
Shown = dict[str, dict[str, dg.MetadataValue]]
OF_DAGSTER = "dagster/"


def _instance(home: Home, patch: pytest.MonkeyPatch) -> AbstractContextManager[dg.DagsterInstance]:
    patch.setenv("DAGSTER_HOME", str(home.dagster))
    return instance_of(home)


@pytest.fixture(scope="module")
def shown(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Of each asset what its newest materialisation shows; the home is copied, since Dagster writes where it reads."""
    home = Home(root=base.final.copy(tmp_path_factory.mktemp("metadata") / "home").home)
    with pytest.MonkeyPatch.context() as patch, _instance(home, patch) as instance:
        newest = {key: instance.get_latest_materialization_event(key) for key in instance.get_asset_keys()}
    made = {key.to_user_string(): event for key, event in newest.items() if event and event.asset_materialization}
    return {name: dict(event.asset_materialization.metadata) for name, event in made.items()}


@pytest.fixture(scope="module")
def figures(shown: Shown) -> dict[str, Any]:
    """`asset: name` of all figures that are not Dagster's own."""
    return {
        f"{asset}: {name}": value.value
        for asset, metadata in shown.items()
        for name, value in metadata.items()
        if not name.startswith(OF_DAGSTER)
    }


def test_every_stage_that_is_made_shows_something(shown: Shown) -> None:
    assert {name.split("/")[0] for name, metadata in shown.items() if metadata} >= {
        "staging", "marts", "features", "training", "scoring", "interventions", "effects", "monitoring",
    }  # fmt: skip


def test_names_are_words(figures: dict[str, Any]) -> None:
    assert [name for name in figures if not WORDS.fullmatch(name.split(": ", 1)[1])] == []


def test_numbers_have_four_digits_at_most(figures: dict[str, Any]) -> None:
    floats = {name: value for name, value in figures.items() if isinstance(value, float)}
    assert len(floats) > 30
    digits = {name: len(Decimal(repr(value)).normalize().as_tuple().digits) for name, value in floats.items()}
    assert {name: floats[name] for name, count in digits.items() if count > MOST_DIGITS} == {}


def test_shares_are_percentages_and_money_says_of_what(figures: dict[str, Any]) -> None:
    names = " ".join(figures)
    assert "scoring/scored_users: mean churn probability (%)" in figures
    assert 1 < figures["scoring/scored_users: mean churn probability (%)"] < 100
    assert "interventions/decision_ledger: expected cost (currency of orders)" in figures
    assert " share" not in names
    assert " amount" not in names


@pytest.mark.parametrize(
    ("asset", "pictures"),
    [
        ("training/churn_model", {"ROC curve", "calibration"}),
        ("training/model_comparison", {"ROC curve", "calibration", "precision and recall", "lift", "profit"}),
        ("interventions/decision_ledger", {"plan"}),
        ("effects/arm_effects", {"effects"}),
        ("monitoring/feature_drift", {"drift"}),
        ("monitoring/reason_summaries", {"reasons"}),
    ],
)
def test_pictures_stand_where_people_look_and_are_small(asset: str, pictures: set[str], shown: Shown) -> None:
    sizes = {name: len(str(value.value)) for name, value in shown[asset].items() if "](data:" in str(value.value)}
    assert set(sizes) == pictures
    assert max(sizes.values()) < MOST_PICTURE
    assert len(str(shown[asset])) < MOST_OF_AN_ASSET, "there may be 520 of each"


def test_effects_are_said_to_be_proven_after_correction_only(figures: dict[str, Any]) -> None:
    said = figures["effects/arm_effects: effects proven"]
    assert re.match(r"\d+ of \d+ looked at \(\d+ better, \d+ worse\), corrected for how many were looked at", said)
    assert int(said.split(" of ")[1].split()[0]) == figures["effects/arm_effects: effects looked at"]


def test_columns_are_followed_into_the_tables_that_python_makes(shown: Shown) -> None:
    followed = {}
    for asset in (
        "training/training_set",
        "scoring/scored_users",
        "interventions/decision_ledger",
        "interventions/outbox",
    ):
        lineage = shown[asset]["dagster/column_lineage"]
        assert isinstance(lineage, dg.TableColumnLineageMetadataValue)
        followed[asset] = {
            column: {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps}
            for column, deps in lineage.value.deps_by_column.items()
        }
    training = followed["training/training_set"]
    assert training["recency_days"] == {"features/user_features.recency_days"}
    assert training["is_churned"] == {"features/churn_labels.is_churned"}
    assert "features/user_features.recency_days" in followed["scoring/scored_users"]["churn_probability"]
    ledger = followed["interventions/decision_ledger"]
    assert ledger["churn_probability"] == {"scoring/scored_users.churn_probability"}


def test_every_column_that_is_named_as_an_origin_is_there(shown: Shown, base: Base) -> None:
    with duckdb.connect(base.final.home / "warehouse.duckdb", read_only=True) as connection:
        there = {
            f"{stage}/{table}.{column}"
            for stage, table, column in connection.execute(
                "select table_schema, table_name, column_name from information_schema.columns"
            ).fetchall()
        }
    named = {
        f"{dep.asset_key.to_user_string()}.{dep.column_name}"
        for metadata in shown.values()
        for value in metadata.values()
        if isinstance(value, dg.TableColumnLineageMetadataValue)
        for deps in value.value.deps_by_column.values()
        for dep in deps
        if dep.asset_key.path[0] != "raw"
    }
    assert len(named) > 200
    assert named - there == set()


@pytest.mark.parametrize(
    ("table", "origin", "columns", "key"),
    [
        ("scoring.scored_users", "features.user_statuses", CARRIED_FROM_STATUSES, ("user_id", "snapshot_date")),
        ("interventions.decision_ledger", "scoring.scored_users", CARRIED_FROM_SCORES, ("user_id", "snapshot_date")),
        ("interventions.outbox", "interventions.decision_ledger", CARRIED_FROM_LEDGER, ("decision_id",)),
    ],
)
def test_a_column_that_is_said_to_be_carried_has_the_values_of_its_origin(
    table: str, origin: str, columns: tuple[str, ...], key: tuple[str, ...], base: Base
) -> None:
    differs = " or ".join(f"made.{column} is distinct from origin.{column}" for column in columns)
    joined = f"{table} as made left join {origin} as origin using ({', '.join(key)})"
    sql = f"select count(*), count_if({differs}) from {joined}"
    with duckdb.connect(base.final.home / "warehouse.duckdb", read_only=True) as connection:
        rows, wrong = connection.execute(sql).fetchone() or (0, 0)
    assert rows > 0
    assert wrong == 0
