"""The description of a feature, one per feature column of `user_features` and of the training set.

How a feature is computed belongs to the dbt project, whose manifest fills the list of descriptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from churn_assets.contracts.extra import is_extra

ReasonGroup = Literal["product_quality", "service", "price", "returns", "engagement", "rhythm", "offers", "profile"]
REASON_GROUPS: tuple[ReasonGroup, ...] = get_args(ReasonGroup)
# Which values can be a reason to a person: those above the typical one, below it, on either side, or none.
ReasonWhen = Literal["high", "low", "either", "never"]
REASONS_WHEN: tuple[ReasonWhen, ...] = get_args(ReasonWhen)
# In place of a first reason: no group adds enough by values that a person can be shown.
NOTHING_SHOWN = "nothing_shown"

# Recency, frequency, money, tenure: the features every eligible user has, so a baseline can always be fitted on them.
RFM_COLUMNS = ("recency_days", "orders_count", "spent_amount", "tenure_days")


@dataclass(frozen=True)
class Feature:
    """One numeric column, null where unknown.

    `window_days` is None for a feature without a window. `is_protected` keeps it out of the model (`is_withheld`);
    `is_actionable` says that the company can do something about it. `reason_when`: a long pause is a reason, a short
    one is none whatever a model makes of it. `is_worded`: whether a sentence may state its value; what cannot be read
    (an entropy, a forecast) adds its weight to the reason group, whose sentence is about another feature. `measures`:
    what it measures together with features of the same group that have another yardstick, as a pause is long beside
    those of others or beside the user's own; None: nothing.
    """

    name: str
    family: str
    unit: str
    window_days: int | None
    reason_group: ReasonGroup
    is_actionable: bool
    is_protected: bool
    label_en: str
    label_zh: str
    reason_when: ReasonWhen = "either"
    is_worded: bool = True
    measures: str | None = None

    def __post_init__(self) -> None:
        if self.reason_group not in REASON_GROUPS:
            raise ValueError(
                f"Feature {self.name}: reason_group {self.reason_group!r} is unknown; use one of {list(REASON_GROUPS)}."
            )
        if self.reason_when not in REASONS_WHEN:
            raise ValueError(
                f"Feature {self.name}: reason_when {self.reason_when!r} is unknown; use one of {list(REASONS_WHEN)}."
            )

    def is_withheld(self, *, admit_protected: bool) -> bool:
        """Whether no model may see it: protected, and not admitted by `training.admit_protected`, which is about age,
        gender and region. A shop that wants a model to see its own protected column declares it as not protected.
        """
        return self.is_protected and (is_extra(self.name) or not admit_protected)
