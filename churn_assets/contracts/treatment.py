"""How the features of a family are prepared for models that cannot take them as they are.

One treatment per family; models/features/user_features.yml states it, model/treatment.py applies it.
Trees take every feature as it is: an outlier only falls on one side of a split, and a gap is a value of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Outliers = Literal["none", "winsorise"]
Missing = Literal["median", "mode", "interpolate"]


@dataclass(frozen=True)
class Treatment:
    """Treatment for linear models, support vectors and networks.

    `outliers`: none, where a value has bounds by nature; winsorise: values beyond the `quantiles` of the training rows
    become those quantiles. `missing`: the median of the training rows, with an indicator beside it; mode: the most
    frequent value, for flags, tiers and codes (a quantity among them takes the median); interpolate: from the user's
    own other windows where these form a regular series, else the median. Never zero for unknown.
    """

    family: str
    outliers: Outliers
    quantiles: tuple[float, float]
    missing: Missing

    def __post_init__(self) -> None:
        for name, value, known in (
            ("outliers", self.outliers, get_args(Outliers)),
            ("missing", self.missing, get_args(Missing)),
        ):
            if value not in known:
                raise ValueError(f"Family {self.family}: {name} {value!r} is unknown; use one of {list(known)}.")
        low, high = self.quantiles
        if not 0 <= low < high <= 1:
            raise ValueError(f"Family {self.family}: quantiles {list(self.quantiles)} must ascend between 0 and 1.")
