"""The landing of one instance: its raw tables, and the period of its orders."""

from __future__ import annotations

from datetime import datetime

from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.landing.contents import LandingContents
from churn_assets.landing.errors import LandingError
from churn_assets.landing.inspect import survey
from churn_assets.landing.mapped import Foreign


def landed(home: Home) -> LandingContents:
    """The raw tables, and the files of the landing that are not read. Raises LandingError."""
    settings = home.settings
    foreign = Foreign(home.mapping, home.root)
    return survey(
        home.landing, home.received, settings.landing, settings.features.extra, cache=home.cache, foreign=foreign
    )


def orders_reach(home: Home) -> tuple[datetime, datetime]:
    """Known time of the oldest and the newest order; the oldest thousandth is ignored, as its dates may be mistakes."""
    orders = landed(home).tables["orders"]
    with duck() as connection:
        row = connection.execute(
            f"select quantile_disc(known_at, 0.001), max(known_at) from {orders.scan} "
            "where refused_because is null and not is_replaced and known_at < ?",
            [orders.reading.now],
        ).fetchone()
    if row is None or row[0] is None:
        raise LandingError(
            f"no order in {home.landing} keeps the raw contract and was known before now; see churn check"
        )
    return row[0], row[1]
