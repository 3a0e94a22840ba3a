"""What no real shop shows. Computed from the latent state by a look-ahead that is exact for its chain.

Nothing in the pipeline may read these tables. They look 28 days ahead from a snapshot date.

- `users`: one row per user; when they left for good (null: not by the end), segment, latent traits.
- `leaving`: one row per registered user and week boundary; churn_probability = P(no order, cancelled ones aside, in the
  next 28 days | latent state), leaving_probability = P(gone within 28 days | latent state). One batch per boundary.
  What is unknown at the boundary and would come from orders of those very 28 days is left out (no new bad experience).
- `effects`: one row per registered user and arm, at every campaign and at the end; expected and drawn outcomes in the
  28 days after sending, with the arm and left alone. Retained = has an order. Spend = paid amount, net of the arm's own
  coupon and before any other. Drawn outcomes share one draw, so that their difference is the user's own effect; they
  are not the path the raw tables show. `kind` compares the expected retained share with and without.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import NEVER, WEEK, Flags, Floats, Ints, money, times
from churn_assets.shop.baskets import mean_goods
from churn_assets.shop.campaigns import ARMS, COUPON_AMOUNTS, boosted
from churn_assets.shop.hazard import State
from churn_assets.shop.orders import CANCELLED_SHARE
from churn_assets.shop.outlook import churn_probability, expected_orders, leaving_probability, outlook
from churn_assets.shop.scene import Scene

KEPT_SHARE = 1 - CANCELLED_SHARE
REAL_CHANGE = 0.02  # of the retained share: less is no effect to speak of
SURE = 0.5  # retained anyway from this chance on
KINDS = pl.Series(["persuadable", "sleeping_dog", "sure_thing", "lost_cause"])
SPEND_SHAPE = 4.0  # of the gamma around the expected spend of a retained user


def leaving_frame(scene: Scene, week: int, state: State) -> pl.DataFrame:
    """One row per registered user at the start of `week`."""
    present, view = scene.is_present(week), outlook(scene, week, state, KEPT_SHARE)
    return pl.DataFrame(
        {
            "user_id": scene.population.user_ids.filter(pl.Series(present)),
            "snapshot_date": pl.repeat(scene.settings.boundary(week), int(present.sum()), dtype=pl.Date, eager=True),
            "churn_probability": churn_probability(view)[present].astype(np.float32),
            "leaving_probability": leaving_probability(view)[present].astype(np.float32),
        }
    )


def effects_frame(scene: Scene, week: int, state: State, response: dict[str, Floats]) -> pl.DataFrame:
    """One row per registered user and arm sent at the start of `week`; `response` as campaigns.responses gives it."""
    population, rng = scene.population, scene.stream(week, "potential outcomes")
    luck, fortune = rng.random(len(population)), rng.gamma(SPEND_SHAPE, 1 / SPEND_SHAPE, len(population))
    everyone = np.ones(len(population), dtype=np.bool_)
    basket = mean_goods(scene, week)
    alone_retained, alone_spend = _expected(scene, week, state, basket)
    frames = []
    for arm in ARMS:
        retained, spend = _expected(scene, week, boosted(state, response[arm], everyone), basket)
        spend = spend - retained * population.affinity * COUPON_AMOUNTS.get(arm, 0.0)
        frames.append(
            pl.DataFrame(
                {
                    "user_id": population.user_ids,
                    "snapshot_date": pl.repeat(
                        scene.settings.boundary(week), len(population), dtype=pl.Date, eager=True
                    ),
                    "arm": pl.repeat(arm, len(population), dtype=pl.String, eager=True),
                    "retained_probability": retained,
                    "retained_probability_without": alone_retained,
                    "spend_amount": spend,
                    "spend_amount_without": alone_spend,
                    "is_retained_drawn": luck < retained,
                    "is_retained_drawn_without": luck < alone_retained,
                    "spend_drawn_amount": money(_drawn(luck < retained, spend, retained, fortune)),
                    "spend_drawn_amount_without": money(
                        _drawn(luck < alone_retained, alone_spend, alone_retained, fortune)
                    ),
                    "kind": KINDS.gather(_kind(retained, alone_retained)),
                    "response": response[arm],
                }
            ).filter(pl.Series(scene.is_present(week)))
        )
    return pl.concat(frames)


def users_truth(scene: Scene, state: State) -> pl.DataFrame:
    """One row per user, as at the end."""
    population = scene.population
    rare, often = population.order_rate < 0.08, population.order_rate > 0.35
    segment = np.select([often, rare, population.affinity > 0.5], [3, 1, 0], 2)
    return pl.DataFrame(
        {
            "user_id": population.user_ids,
            "registered_at": times(population.registered_at),
            "left_at": times(np.where(state.left_week < 0, NEVER, scene.start(0) + state.left_week * WEEK)),
            "segment": pl.Series(["bargain_hunter", "occasional", "regular", "loyal"]).gather(segment),
            "order_rate_weekly": population.order_rate,
            "browse_rate_weekly": population.browse_rate,
            "leaving_rate_weekly": population.leaving_rate,
            "patience": population.patience,
            "price_sensitivity": population.price_sensitivity,
            "promotion_affinity": population.affinity,
            **{f"hidden_response_{arm}": values for arm, values in population.hidden_response.items()},
        }
    )


def _expected(scene: Scene, week: int, state: State, basket: Floats) -> tuple[Floats, Floats]:
    """P(an order) and expected spend of every user in the 28 days from the start of `week`."""
    view = outlook(scene, week, state, KEPT_SHARE)
    return 1 - churn_probability(view), basket * expected_orders(view)


def _kind(retained: Floats, alone: Floats) -> Ints:
    """Position in KINDS."""
    return np.select([retained - alone >= REAL_CHANGE, retained - alone <= -REAL_CHANGE, alone >= SURE], [0, 1, 2], 3)


def _drawn(is_retained: Flags, spend: Floats, retained: Floats, fortune: Floats) -> Floats:
    return np.where(is_retained, fortune * spend / np.where(retained > 0, retained, 1), 0.0)
