"""The catalogue of the shop: every product at the start, and again when its price rises.

Names are invented: a maker and a thing. Which product is bought or looked at is decided elsewhere (baskets, browsing).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import money, times
from churn_assets.shop.noise import known_times
from churn_assets.shop.scene import Scene
from churn_assets.shop.world import CATEGORIES, PRODUCTS_PER_CATEGORY

MAKERS = ("Aldermoor", "Brightwell", "Corvane", "Dunmere", "Eskholm")
# By category, in the order of world.CATEGORIES; with five makers each makes forty.
THINGS = {
    "beauty": ("lip balm", "face cream", "hand soap", "shampoo", "eye shadow", "nail file", "body lotion", "perfume"),
    "books": ("crime novel", "cookbook", "atlas", "book of poems", "city guide", "diary", "biography", "picture book"),
    "electronics": ("phone charger", "headphones", "desk fan", "radio", "web camera", "keyboard", "speaker", "monitor"),
    "fashion": ("wool scarf", "rain jacket", "summer dress", "belt", "cardigan", "linen shirt", "cap", "winter coat"),
    "food": ("olive oil", "coffee beans", "oat biscuits", "honey", "green tea", "dark chocolate", "nut mix", "pasta"),
    "garden": ("garden hose", "tomato seeds", "flower pot", "rake", "bird table", "watering can", "lantern", "trellis"),
    "home": ("desk lamp", "bed linen", "kettle", "wall clock", "bath towel", "cushion", "saucepan", "rug"),
    "kids": ("pushchair", "night light", "baby blanket", "school bag", "lunch box", "bib set", "high chair", "romper"),
    "pets": ("cat food", "dog lead", "scratching post", "pet bed", "bird cage", "fish tank", "feeding bowl", "harness"),
    "shoes": ("running shoes", "ankle boots", "sandals", "slippers", "hiking boots", "trainers", "clogs", "loafers"),
    "sports": ("yoga mat", "football", "skipping rope", "water bottle", "dumbbells", "goggles", "racket", "helmet"),
    "toys": ("building blocks", "puzzle", "kite", "train set", "board game", "toy boat", "marbles", "doll's house"),
}
NAMES = pl.Series([f"{maker} {thing}" for category in CATEGORIES for thing in THINGS[category] for maker in MAKERS])
PAGES = "https://shop.example/products/"


def products_frame(scene: Scene, week: int) -> pl.DataFrame:
    """Rows of `products` that begin to hold in `week`: all in the first one, later those whose price has risen."""
    world = scene.world
    levels = world.price_levels
    is_new = np.ones(len(CATEGORIES), dtype=np.bool_) if week == 0 else levels[week] != levels[week - 1]
    product = np.flatnonzero(np.repeat(is_new, PRODUCTS_PER_CATEGORY))
    category = product // PRODUCTS_PER_CATEGORY
    since = np.full(len(product), scene.start(week), dtype=np.int64)
    known = known_times(scene.stream(week, "products"), since, scene.settings.late_share)
    product_id = world.product_ids.gather(product)
    return pl.DataFrame(
        {
            "product_id": product_id,
            "name": NAMES.gather(product),
            "url": PAGES + product_id,
            "image_url": PAGES + product_id + ".jpg",
            "category": CATEGORIES.gather(category),
            "price": money(world.list_prices[product] * levels[week, category]),
            "ingested_at": times(known),
        }
    )
