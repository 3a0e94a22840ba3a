from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from churn_assets.model.promotion import Promotion
from churn_assets.model.run_log import METRICS, run_log
from churn_assets.settings import Training

if TYPE_CHECKING:
    from churn_assets.model.training import TrainedModel

DAY = date(2026, 4, 27)


def test_a_training_is_told_in_sums_and_without_the_address(trained: TrainedModel) -> None:
    assert trained.model is not None
    promotion = Promotion("first", "No champion to be tested against.", DAY, trained.model)
    settings = Training(mlflow_tracking_uri="http://ann:secret@tracking")
    told = run_log(trained, promotion, snapshot=DAY, definition="inactivity", settings=settings, card="# Card")
    assert told.key == {"snapshot_date": "2026-04-27", "model_version": trained.model.version}
    assert set(told.metrics) == {f"{model}.{name}" for model in trained.comparison["model"] for name in METRICS}
    assert told.texts["model_comparison.csv"].count("\n") == trained.comparison.height + 1
    assert told.parameters["depth"] == "4"
    assert "secret" not in repr(told)
    assert trained.out_of_time.item(0, "user_id") not in repr(told)
