from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl
import pytest

from churn_assets.model.plots import calibration_png, lift_png, precision_recall_png, profit_png, roc_png
from churn_assets.model.training import TrainedModel
from churn_assets.settings import Profit

Plot = Callable[[pl.DataFrame], bytes]
PLOTS = [roc_png, calibration_png, lift_png, precision_recall_png, partial(profit_png, profit=Profit())]


@pytest.mark.parametrize("plot", PLOTS)
def test_pictures_are_small_and_the_same_each_time(plot: Plot, trained: TrainedModel) -> None:
    picture = plot(trained.out_of_time)
    assert picture.startswith(b"\x89PNG")
    assert 5_000 < len(picture) < 60_000
    assert picture == plot(trained.out_of_time)


@pytest.mark.parametrize("plot", PLOTS)
def test_pictures_follow_the_data(plot: Plot, trained: TrainedModel) -> None:
    flipped = trained.out_of_time.with_columns(~pl.col("is_churned"))
    assert plot(flipped) != plot(trained.out_of_time)


@pytest.mark.parametrize("plot", PLOTS)
def test_nothing_to_draw_is_said(plot: Plot) -> None:
    with pytest.raises(ValueError, match="out_of_time is empty"):
        plot(pl.DataFrame())
