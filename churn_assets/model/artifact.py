"""The churn model as one value: what it was trained for, how it predicts, and its bytes. Training: training.py."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from churn_assets.model.blend import Blend
from churn_assets.model.boosting import BoostedTrees
from churn_assets.model.calibration import Calibrator
from churn_assets.model.evaluation import SMALLEST_PROBABILITY
from churn_assets.model.logistic import Logistic
from churn_assets.model.rfm import LogisticRfm

if TYPE_CHECKING:
    import polars as pl

    from churn_assets.model.matrix import Floats

Fitted = BoostedTrees | Logistic | LogisticRfm | Blend
Kind = Literal["catboost", "logistic", "logistic_rfm", "blend"]
KINDS: dict[type, Kind] = {
    BoostedTrees: "catboost",
    Logistic: "logistic",
    LogisticRfm: "logistic_rfm",
    Blend: "blend",
}


@dataclass(frozen=True)
class ChurnModel:
    """A fitted model, its calibrator, the slices it learned from and the label it predicts (gap, horizon in days)."""

    fitted: Fitted
    calibrator: Calibrator
    slices: tuple[date, ...]
    gap_days: int
    horizon_days: int

    @property
    def kind(self) -> Kind:
        return KINDS[type(self.fitted)]

    @property
    def columns(self) -> tuple[str, ...]:
        """Feature columns, in the order of `contributions`."""
        return self.fitted.columns

    @property
    def version(self) -> str:
        """First 12 hex digits of the SHA-256 of the bytes: the same training gives the same version."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:12]

    def age_days(self, snapshot: date) -> int:
        """Days from the maturity of the newest labels to `snapshot`: below one cadence for a model trained at it."""
        return (snapshot - max(self.slices)).days - self.gap_days - self.horizon_days

    def predict(self, frame: pl.DataFrame) -> Floats:
        """Calibrated churn probability per row, never 0 or 1. Raises ValueError naming a missing feature."""
        probability = self.calibrator.probability(self.fitted.log_odds(frame))
        return np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)

    def contributions(self, frame: pl.DataFrame) -> Floats:
        """(rows, columns) in calibrated log-odds: what each feature adds for each row against the average user."""
        return self.fitted.contributions(frame) * self.calibrator.slope

    def to_bytes(self) -> bytes:
        """JSON with sorted keys; CatBoost's binary as base64."""
        content = {
            "kind": self.kind,
            "fitted": asdict(self.fitted),
            "calibrator": asdict(self.calibrator),
            "slices": [day.isoformat() for day in self.slices],
            "gap_days": self.gap_days,
            "horizon_days": self.horizon_days,
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"), default=_base64).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> ChurnModel:
        """The inverse of `to_bytes`. Raises ValueError on bytes of something else."""
        content = json.loads(data)
        if not isinstance(content, dict) or content.get("kind") not in KINDS.values():
            raise ValueError("churn_model: these bytes are not a churn model; train the snapshot again.")
        fitted = content["fitted"]
        return cls(
            fitted=READERS[content["kind"]](fitted),
            calibrator=Calibrator(**content["calibrator"]),
            slices=tuple(date.fromisoformat(day) for day in content["slices"]),
            gap_days=content["gap_days"],
            horizon_days=content["horizon_days"],
        )


def _base64(value: object) -> str:
    """CatBoost's binary as base64, the only value that JSON lacks."""
    if not isinstance(value, bytes):
        raise TypeError(f"churn_model: {type(value).__name__} cannot be written as JSON")
    return base64.b64encode(value).decode("ascii")


def _trees(fitted: dict[str, Any]) -> BoostedTrees:
    return BoostedTrees(columns=tuple(fitted["columns"]), cbm=base64.b64decode(str(fitted["cbm"])))


def _logistic(fitted: dict[str, Any]) -> Logistic:
    return Logistic(**{name: _tuples(value) for name, value in fitted.items()})


def _logistic_rfm(fitted: dict[str, Any]) -> LogisticRfm:
    return LogisticRfm(**{name: _tuples(value) for name, value in fitted.items()})


def _tuples(value: Any) -> Any:
    """JSON has lists where a model has tuples."""
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


def _blend(fitted: dict[str, Any]) -> Blend:
    return Blend(_trees(fitted["trees"]), _logistic(fitted["logistic"]), fitted["trees_share"])


READERS: dict[str, Callable[[dict[str, Any]], Fitted]] = {
    "catboost": _trees,
    "logistic": _logistic,
    "logistic_rfm": _logistic_rfm,
    "blend": _blend,
}
