"""The simulated shop: raw tables of a shop whose truth is known, so that every claim can be tested against it.

What belongs here: the generator. `simulate(ShopSettings(...))` yields frames week by week, in memory, seeded.
What does not: writing files (the caller's), anything that reads the truth back, anything the pipeline imports.
"""

from churn_assets.shop.settings import ShopSettings
from churn_assets.shop.simulate import simulate
from churn_assets.shop.tables import Batch

__all__ = ["Batch", "ShopSettings", "simulate"]
