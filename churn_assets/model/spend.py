"""What a user will spend in the next `value_days` if kept: the money that churn puts at risk.

Two parts. What a history says by itself: the rate of buying of a user who is still there (BG/NBD, Fader, Hardie, Lee
2005) and the value of a purchase, shrunk towards the shop's the less a user has bought (credibility, Bühlmann 1967).
And what users who were kept did spend: a Poisson regression (log link) of their spend on both, on recency, tenure and
purchases, over all slices whose `value_days` have passed. The second part makes the sums right: of users kept, by
recency and tenure, the first alone is off by a factor of up to four (CDNOW, silent for more than 182 days).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import nbinom
from sklearn.linear_model import PoissonRegressor

from churn_assets.model.bgnbd import BgNbd
from churn_assets.model.expected import WEEK_DAYS, fitted_rhythm, histories
from churn_assets.model.matrix import Floats, feature_matrix
from churn_assets.model.standard import DECIMALS, plain, standardisation

MONEY = ("purchase_days_count", "orders_count", "spent_amount", "returned_amount", "order_spread_amount")
MIN_KEPT = 200  # users kept, below which seven coefficients and ten bins say nothing
BINS = 10
LOW, HIGH = 0.1, 0.9  # 80 % of users kept spend between
FRESH_DAYS = 14.0  # how fast what is special of the first days, and of the days after a purchase, wears off
PENALTY = 1e-3
SMALLEST_AMOUNT = 0.01  # nobody who has ever bought is worth nothing
# More than this many times what 99 of 100 users pay is a price with zeros too many, or one buyer in the shop's history.
# The largest is 8 times as much on CDNOW, 2 on Complete Journey, 4 in the simulated shop: nobody is held back there.
OUTLIER_TIMES = 10.0


@dataclass(frozen=True)
class SpendModel:
    """Regression on standardised columns (`_columns`), held within what was learned from; without coefficients (too
    few users kept so far) the history alone speaks. `bin_edges`: ascending, of expected spend. `low`, `high`: per bin,
    spend divided by expected spend, below which 10 % and 90 % of users kept stayed.
    """

    value_days: int
    users_kept: int
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    lowest: tuple[float, ...] = ()
    highest: tuple[float, ...] = ()
    coefficients: tuple[float, ...] = ()
    intercept: float = 0.0
    bin_edges: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def is_learned(self) -> bool:
        return bool(self.coefficients)

    def expected(self, users: pl.DataFrame) -> pl.DataFrame:
        """expected_spend_amount with its 80 % interval, a row per row of `users` (eligible users of one snapshot).

        In the currency of orders.amount, net of returns; above 0. Raises ValueError naming a missing column.
        """
        history = History.of(users)
        if not self.is_learned:
            return history.expected(self.value_days)
        mean = self._mean(history)
        ratios = np.searchsorted(self.bin_edges, mean)
        return _frame(mean, mean * np.array(self.low)[ratios], mean * np.array(self.high)[ratios])

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> SpendModel:
        fields = json.loads(data)
        plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
        return cls(**plain)

    def _mean(self, history: History) -> Floats:
        within = np.clip(_columns(history), self.lowest, self.highest)
        log_mean = ((within - self.means) / self.scales) @ np.array(self.coefficients) + self.intercept
        return np.asarray(np.exp(log_mean), dtype=np.float64)


@dataclass(frozen=True)
class History:
    """Per user of one snapshot: purchases per week while they are there, and money per day with a purchase."""

    rate: Floats
    purchase_amount: Floats
    purchases: Floats
    tenure_days: Floats
    recency_days: Floats
    rhythm: BgNbd | None

    @classmethod
    def of(cls, users: pl.DataFrame) -> History:
        repeats, _, weeks = histories(users)
        rhythm = fitted_rhythm(users)
        rate = (rhythm.r + repeats) / (rhythm.alpha + weeks) if rhythm else np.zeros(users.height)
        recency_days = feature_matrix(users, ("recency_days",))[:, 0]
        return cls(rate, purchase_amounts(users), repeats + 1, weeks * WEEK_DAYS, recency_days, rhythm)

    def expected(self, value_days: int) -> pl.DataFrame:
        """Without what users kept have spent: at least one purchase, as who is kept buys."""
        weeks = value_days / WEEK_DAYS
        purchases = np.maximum(self.rate * weeks, 1.0)
        low = high = np.ones_like(purchases)
        if self.rhythm:
            shape, scale = self.rhythm.r + self.purchases - 1, self.rhythm.alpha + self.tenure_days / WEEK_DAYS
            low, high = (np.maximum(nbinom.ppf(share, shape, scale / (scale + weeks)), 1.0) for share in (LOW, HIGH))
        return _frame(purchases * self.purchase_amount, low * self.purchase_amount, high * self.purchase_amount)


def purchase_amounts(users: pl.DataFrame) -> Floats:
    """Money per day with a purchase, net of returns, of each user and of all, weighted by how far users differ.

    The weight of all is that of `within / between` purchases (Bühlmann 1967): the variance of a user's own orders
    divided by that of users. One order of a large sum says little of the next.
    """
    days, orders, spent, returned, spread = feature_matrix(users, MONEY).T
    mean = np.maximum(spent - np.nan_to_num(returned), 0.0) / days
    most = _believable(mean)
    mean, spread = np.minimum(mean, most), np.minimum(spread, most)
    net = mean * days
    overall = float(net.sum() / days.sum())
    repeats = np.isfinite(spread) & (orders > 1)
    free = float((orders[repeats] - 1).sum())
    if free == 0 or overall <= 0:
        return np.full(users.height, max(overall, SMALLEST_AMOUNT))
    within = float(((orders[repeats] - 1) * spread[repeats] ** 2).sum() / free)
    several, n = mean[repeats], days[repeats]
    centre = float(np.average(several, weights=n))
    scatter = float((n * (several - centre) ** 2).sum()) - (n.size - 1) * within
    between = max(scatter / max(n.sum() - float((n**2).sum() / n.sum()), 1.0), 1e-6 * within, 1e-12)
    prior = within / between
    shrunk: Floats = (prior * overall + net) / (prior + days)
    return np.maximum(shrunk, SMALLEST_AMOUNT)


def _believable(amounts: Floats) -> float:
    """The largest amount that is taken as it is; one order of a billion would otherwise be shared out among all."""
    paid = amounts[amounts > 0]
    return OUTLIER_TIMES * float(np.quantile(paid, 0.99, method="lower")) if paid.size else np.inf


def fit_spend(slices: pl.DataFrame, value_days: int) -> SpendModel:
    """`slices`: eligible users of past snapshots with features, is_churned, and `spent_after_amount`, what they spent
    in `value_days` after the snapshot, net of returns. Only users kept (not is_churned) teach; rhythms are of all.
    """
    parts = slices.sort("snapshot_date", "user_id").partition_by("snapshot_date", maintain_order=True)
    kept = [part["is_churned"].not_().to_numpy() for part in parts]
    users_kept = int(sum(flags.sum() for flags in kept))
    if users_kept < MIN_KEPT:
        return SpendModel(value_days, users_kept)
    values = np.vstack([_columns(History.of(part))[flags] for part, flags in zip(parts, kept, strict=True)])
    spent = np.concatenate(
        [part["spent_after_amount"].to_numpy()[flags] for part, flags in zip(parts, kept, strict=True)]
    )
    spent = np.clip(spent, 0.0, _believable(spent))
    if not spent.any():
        return SpendModel(value_days, users_kept)
    means, scales, is_constant = standardisation(values)
    standardised = np.where(is_constant, 0.0, (values - means) / scales)
    level = float(spent.mean())
    regression = PoissonRegressor(alpha=PENALTY, solver="newton-cholesky", max_iter=300)
    fitted = regression.fit(standardised, spent / level)  # weights for newer slices change nothing on three shops
    coefficients = np.where(is_constant, 0.0, fitted.coef_)
    model = SpendModel(
        value_days,
        users_kept,
        means=plain(means),
        scales=plain(scales),
        lowest=plain(values.min(axis=0)),
        highest=plain(values.max(axis=0)),
        coefficients=plain(coefficients),
        intercept=round(float(fitted.intercept_ + np.log(level)), DECIMALS),
    )
    within = np.clip(values, model.lowest, model.highest)
    mean = np.exp(((within - model.means) / model.scales) @ np.array(model.coefficients) + model.intercept)
    return _with_intervals(model, mean, spent)


def _with_intervals(model: SpendModel, mean: Floats, spent: Floats) -> SpendModel:
    edges = np.unique(np.quantile(mean, np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, mean)
    ratios = [spent[bins == number] / mean[bins == number] for number in range(edges.size + 1)]
    quantiles = [np.quantile(each if each.size else spent / mean, (LOW, HIGH)) for each in ratios]
    return SpendModel(
        **{
            **asdict(model),
            "bin_edges": plain(edges),
            "low": plain(np.array([min(low, 1.0) for low, _ in quantiles])),
            "high": plain(np.array([max(high, 1.0) for _, high in quantiles])),
        }
    )


def _columns(history: History) -> Floats:
    """What the regression sees, a column each."""
    rate = np.maximum(history.rate, 1e-9)
    return np.column_stack(
        [
            np.log(history.purchase_amount),
            np.log(rate),
            np.log1p(history.recency_days),
            np.log1p(history.tenure_days),
            np.log(history.purchases),
            np.exp(-history.recency_days / FRESH_DAYS),
            np.exp(-history.tenure_days / FRESH_DAYS),
        ]
    )


def _frame(mean: Floats, low: Floats, high: Floats) -> pl.DataFrame:
    floor = np.maximum(mean, SMALLEST_AMOUNT)
    return pl.DataFrame(
        {
            "expected_spend_amount": floor,
            "expected_spend_low_amount": np.minimum(low, floor),
            "expected_spend_high_amount": np.maximum(high, floor),
        }
    )
