"""The sections of the settings about models: how they learn and what they are worth. The others: sections.py."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from churn_assets.settings.section import Days, Money, Section, Share


class Training(Section):
    slices: int = Field(8, ge=1, le=104, description="Matured snapshots in a training set, at most; several beat one.")
    max_rows: int = Field(
        1_000_000,
        ge=1_000,
        description="Rows of a training set, about, at most: of more a share of the users is drawn, by a hash of the "
        "id, the same users in every slice.",
    )
    slice_step_days: Days = Field(28, description="Distance between them in days, at least.")
    min_users: int = Field(500, ge=1, description="Eligible users, at least, for CatBoost; fewer: the baseline.")
    min_churners: int = Field(100, ge=1, description="Churned rows, at least, for CatBoost.")
    min_stayers: int = Field(100, ge=1, description="The same for rows that stayed.")
    too_good_auc: Annotated[float, Field(gt=0.5, le=1)] = Field(
        0.95, description="A single feature that ranks better than this, and far better than recency, stops the run."
    )
    iterations: int = Field(150, ge=1, description="Trees: small and regularised calibrates better (docs/scientist).")
    depth: int = Field(4, ge=1, le=10, description="Of each tree: features that may act together, at most.")
    learning_rate: float = Field(0.06, gt=0, le=1, description="What each tree may add; less needs more trees.")
    l2_leaf_reg: float = Field(20.0, ge=0, description="Pulls the values of small leaves to zero (L2).")
    seed: int = Field(7, description="Of everything that is drawn by chance; the same one makes the same model.")
    admit_protected: bool = Field(False, description="Let the model see age, gender and region.")
    population: Literal["untreated", "all"] = Field(
        "untreated",
        description="Whose labels teach: users treated in the label window (propensity stated) stayed because of it, "
        "or not; learning from them makes the users worth treating look safe.",
    )
    season: bool = Field(
        True,
        description="Move probabilities by what the time of year did to churn in earlier years, if the orders reach "
        "back so far: labels mature a horizon late, so without it January is judged by December.",
    )
    promotion: Literal["automatic", "approved"] = Field(
        "automatic", description="Whether a model that has won scores at once, or waits for churn promote."
    )
    max_ece: Share = Field(0.05, description="Calibration error above which no model is promoted.")
    test_rows: int = Field(
        60_000,
        ge=1_000,
        description="Rows that rivals learn from for the out-of-time test, at most: more would cost as much as the"
        " model itself and say the same.",
    )
    mlflow_tracking_uri: str | None = Field(
        None,
        description="Address of an MLflow server that every training is logged to (pip install churn-assets[mlflow]).",
    )
    bakeoff_slices: int = Field(3, ge=1, le=104, description="churn bakeoff: slices tested on, the newest, at most.")
    bakeoff_rows: int = Field(
        100_000, ge=1_000, description="churn bakeoff: rows a model learns from, at most; more only cost time."
    )
    feature_columns: Literal["all", "selected"] = Field(
        "all",
        description="Which features a model may use: all, or those kept by the newest churn select-features made at "
        "its snapshot or before.",
    )
    selection_slices: int = Field(
        6, ge=1, le=104, description="churn select-features: slices ranked on, the newest, at most."
    )


class Profit(Section):
    """What a retention campaign earns and costs per user, for the bake-off. Defaults: Verbraken et al. 2013."""

    user_value_amount: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        200.0, description="What a user kept is worth, in the currency of orders.amount; your own figure goes first."
    )
    contact_cost_amount: Money = Field(1.0, description="Writing to one user, whatever they answer.")
    offer_cost_amount: Money = Field(
        10.0, description="The incentive, paid for whoever takes it: all who would have stayed, and who is kept."
    )
    acceptance_alpha: float = Field(
        6.0, gt=0, le=1e4, description="Share of churners an offer keeps: a beta distribution, as nobody knows it;"
    )
    acceptance_beta: float = Field(14.0, gt=0, le=1e4, description="6 and 14 have the mean 0.3, nearly all below 0.5.")

    @model_validator(mode="after")
    def _offer_below_value(self) -> Self:
        if self.offer_cost_amount >= self.user_value_amount:
            raise ValueError(f"offer_cost_amount {self.offer_cost_amount} eats user_value_amount: no offer could pay")
        return self
