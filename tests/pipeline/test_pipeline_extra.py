"""A shop with a column of its own that says who leaves: it reaches model, reasons and drift; protected, no model.

Half of the users who stop give notice eight days before: `extra_contract` of a corrected row of users.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
import yaml
from sklearn.metrics import roc_auc_score

from churn_assets.model.training import train
from churn_assets.settings import load_settings
from churn_assets.warehouse.features import describe, treatments
from churn_assets.warehouse.model_inputs import OTHER_COLUMNS

if TYPE_CHECKING:
    from tests.pipeline.conftest import Instance

END = datetime(2026, 11, 16)
USERS, WEEKS, NOTICE_DAYS = 400, 30, 8
CONTRACT = {
    "name": "extra_contract", "table": "users", "kind": "category", "values": ["running", "ended"],
    "reason_group": "service", "label": "contract", "label_zh": "合同",
}  # fmt: skip
INCOME = {"name": "extra_income", "table": "users", "kind": "number", "protected": True}
STARS = {"name": "extra_stars", "table": "orders", "kind": "number"}
LEARNED = {"extra_contract_running", "extra_contract_ended", "extra_stars_mean", "extra_stars_last"}


def rows() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders, and users with a second row where they gave notice."""
    random = np.random.default_rng(7)
    orders: list[tuple[Any, ...]] = []
    users: list[tuple[Any, ...]] = []
    begin = END - timedelta(weeks=WEEKS)
    for number in range(USERS):
        stops = random.uniform(60, 7 * WEEKS) if random.random() < 0.6 else 7 * WEEKS
        day, rhythm, income = random.uniform(0, 30), random.uniform(4, 20), random.uniform(1, 9)
        while day < stops:
            orders.append(
                (f"o{len(orders)}", f"u{number}", begin + timedelta(days=day), 20.0, int(random.integers(1, 6)))
            )
            day += random.exponential(rhythm)
        users.append((f"u{number}", begin, begin, "running", income))
        if stops < 7 * WEEKS and number % 2:
            users.append((f"u{number}", begin, begin + timedelta(days=stops - NOTICE_DAYS), "ended", income))
    names = ["user_id", "registered_at", "ingested_at", "extra_contract", "extra_income"]
    return (
        pl.DataFrame(orders, schema=["order_id", "user_id", "ordered_at", "amount", "extra_stars"], orient="row"),
        pl.DataFrame(users, schema=names, orient="row"),
    )


def declare(instance: Instance, *extra: dict[str, Any]) -> None:
    file = instance.home / "churn.yaml"
    values = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(values | {"features": {"extra": list(extra)}}, allow_unicode=True))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, new_instance: Callable[..., Instance]) -> Instance:
    instance = new_instance(tmp_path_factory.mktemp("extra") / "home")
    for name, frame in zip(("orders", "users"), rows(), strict=True):
        (instance.landing / name).mkdir(parents=True)
        frame.write_csv(instance.landing / name / f"{name}.csv", datetime_format="%Y-%m-%d %H:%M:%S")
    declare(instance, CONTRACT, INCOME, STARS)
    instance.succeed("run", "--snapshot", str(END.date()))
    return instance


def test_a_notice_counts_from_the_day_it_was_known(shop: Instance) -> None:
    """At every snapshot as many contracts had ended as rows that say so were known by then."""
    _, users = rows()
    ended = shop.query(
        "select snapshot_date, sum(extra_contract_ended) as ended from features.user_features group by all order by 1"
    )
    assert ended.height > 2
    for day, count in ended.rows():
        known = users.filter(pl.col("ingested_at").dt.truncate("1s") < day, extra_contract="ended")
        assert count == known.height, day


def test_the_model_is_better_by_it(shop: Instance) -> None:
    """The same training twice, tested on its newest slice; without the columns the users who gave notice look safe."""
    settings = load_settings(shop.home / "churn.yaml")
    rows = shop.query("from training.training_set").sort("snapshot_date", "user_id")
    aucs = []
    for frame in (rows, rows.select(pl.exclude(*LEARNED))):
        features = describe([name for name in frame.columns if name not in OTHER_COLUMNS], settings.features.extra)
        trained = train(
            frame, features, treatments(settings.features.extra), snapshot=END.date(),
            gap_days=settings.churn.gap_days, horizon_days=settings.churn.horizon_days, settings=settings.training,
            max_missing_share=settings.features.max_missing_column_share,
        )  # fmt: skip
        tested = trained.out_of_time
        aucs.append(roc_auc_score(tested["is_churned"].to_numpy(), tested["catboost"].to_numpy()))
    assert aucs[0] > aucs[1] + 0.01, aucs


def test_it_is_a_reason_in_both_languages_and_watched_for_drift(shop: Instance) -> None:
    """Of two flags that say the same either may be the stronger one."""
    reasons = shop.query(
        "select text_en, text_zh, reason_group from scoring.user_reasons where feature like 'extra_contract%'"
    )
    assert reasons.height > 0
    assert set(reasons.rows()) <= {
        ("Contract is ended: yes (typical: no)", "合同为ended：是（典型值：否）", "service"),
        ("Contract is running: no (typical: yes)", "合同为running：否（典型值：是）", "service"),
    }
    assert set(shop.query("select feature from monitoring.feature_drift")["feature"]) >= LEARNED


def test_what_is_protected_is_seen_by_no_model_but_users_are_compared_by_it(shop: Instance) -> None:
    assert "extra_income" in shop.query("from features.user_features limit 0").columns
    features = set(shop.query("select feature from monitoring.feature_drift")["feature"])
    assert "extra_income" not in features
    assert shop.query("select count(*) from monitoring.group_fairness where attribute = 'extra_income'").item() > 0


def test_a_column_that_becomes_protected_leaves_the_model_at_once(shop: Instance) -> None:
    before = shop.query("select distinct features_version from scoring.scored_users").item()
    declare(shop, CONTRACT | {"protected": True}, INCOME, STARS)
    shop.succeed("run", "--snapshot", str(END.date()))
    assert shop.query("select distinct features_version from scoring.scored_users").item() != before
    learned = set(shop.query("select feature from monitoring.feature_drift")["feature"])
    assert {name for name in learned if name.startswith("extra_")} == {"extra_stars_mean", "extra_stars_last"}
    assert shop.query("select count(*) from scoring.user_reasons where feature like 'extra_contract%'").item() == 0
