"""The feedback trap on the simulated shop: users whom a policy has kept teach the next model that they were safe.

Every eight weeks, beside the shop's own campaigns, a policy treats the users who have been silent longest by their own
rhythm, but for a random holdout. Its contacts are raw rows; features, labels and `is_treated` are made by the project's
own SQL, the training set by its asset, under both settings of `training.population`. Two things are put in:

- The label is the outcome that the shop drew for whatever was done to the user (truth `effects`): the raw tables show
  the one path on which no policy was there.
- The policy's arm is stronger than the shop's: retained = 1 - (1 - retained without) / 2, so a fair coin keeps half of
  those whom the shop drew as lost. With its own coupon_10 instead, the bias of learning from everybody was -0.012 where
  that of a world without the policy was -0.008: nothing that could be told from noise.

Held against truth `leaving`.churn_probability, what users do who are left alone. Measured over five shops and
policies: -0.23 to -0.21 when everybody teaches, -0.03 to 0.00 when the treated are left out. In a world without the
policy it is -0.008 to 0.006 (three shops): the few risky rows that are left are shrunk towards the others. The newest
slice is of March and the users are of May, so that no season has to be allowed for.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from churn_assets.command.fill import fill_from_shop
from churn_assets.defs.training.assets import training_set
from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.landing.raw_views import show_raw
from churn_assets.model.training import train
from churn_assets.shop import ShopSettings
from churn_assets.warehouse.features import treatments
from churn_assets.warehouse.model_inputs import with_model_inputs
from churn_assets.warehouse.plan import Dates, plan_for, statements
from churn_assets.warehouse.reads import eligible_features_at
from churn_assets.warehouse.selection import all_features
from churn_assets.workplace import Workplace

WEEKS, END = 60, date(2026, 5, 4)
START = END - timedelta(weeks=WEEKS)
SLICES = [START + timedelta(weeks=week) for week in (20, 28, 36, 44, 52)]  # the shop draws outcomes at its campaigns
SNAPSHOT = START + timedelta(weeks=56)  # labels of the last slice mature
HORIZON, ACTIVE_WITHIN = 28, 180  # days, the defaults
RISKY_SHARE, HOLDOUT_SHARE = 0.3, 0.4  # as many left alone as in the shop's own campaigns
READ = (
    "features.user_features",
    "features.churn_labels",
    "features.user_statuses",
    "marts.fct_contacts",
    "marts.fct_orders",
    "marts.fct_events",
)


def raw(home: Home, table: str) -> pl.DataFrame:
    return pl.read_parquet(Path(home.landing) / table / "week=*.parquet")


def truth(home: Home, table: str) -> pl.DataFrame:
    return pl.read_parquet(home.truth / table / "*.parquet")


def risky_at(orders: pl.DataFrame, day: date) -> pl.Series:
    """Users active by `day` whose silence is longest against their mean gap, four weeks added for whoever is new."""
    past = orders.filter(pl.max_horizontal("ordered_at", "ingested_at") < day).group_by("user_id")
    first, last, count = pl.col("ordered_at").min(), pl.col("ordered_at").max(), pl.col("order_id").n_unique()
    silence = pl.lit(day).cast(pl.Datetime("us")) - last
    found = past.agg(silence=silence, times=silence / ((last - first + pl.duration(days=28)) / count))
    active = found.filter(pl.col("silence") <= timedelta(days=ACTIVE_WITHIN)).drop_nulls()
    return active.sort("times", "user_id", descending=[True, False])["user_id"].head(int(RISKY_SHARE * active.height))


def aim(home: Home, random: np.random.Generator) -> pl.DataFrame:
    """What the policy sends, as raw contacts; the holdout has a row too, with channel `none`."""
    orders = raw(home, "orders")
    aimed = pl.concat(
        pl.DataFrame({"user_id": risky_at(orders, day).sort()}).with_columns(snapshot_date=pl.lit(day))
        for day in SLICES
    )
    is_held_out = pl.Series(random.random(aimed.height) < HOLDOUT_SHARE)
    sent = aimed.with_columns(
        contact_id=pl.format("policy-{}-{}", "snapshot_date", "user_id"),
        campaign_id=pl.lit("policy"),
        sent_at=pl.col("snapshot_date").cast(pl.Datetime("us")) + pl.duration(hours=2),
        ingested_at=pl.col("snapshot_date").cast(pl.Datetime("us")) + pl.duration(hours=3),
        channel=pl.when(is_held_out).then(pl.lit("none")).otherwise(pl.lit("push")),
        arm=pl.when(is_held_out).then(pl.lit("control")).otherwise(pl.lit("strong")),
        propensity=pl.when(is_held_out).then(HOLDOUT_SHARE).otherwise(1 - HOLDOUT_SHARE),
        is_randomised=True,
    )
    sent.drop("snapshot_date").write_parquet(Path(home.landing) / "contacts" / "policy.parquet")
    return sent.filter(channel="push").select("user_id", "snapshot_date")


def outcomes(home: Home, aimed: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """One row per user and slice: whether retained, under whatever the shop and the policy had sent."""
    key = ["user_id", "snapshot_date"]
    effects = truth(home, "effects")
    own = raw(home, "contacts").select("user_id", "arm", snapshot_date=pl.col("sent_at").dt.date()).unique()
    with_own = effects.join(own, on=[*key, "arm"]).group_by(key).agg(with_own=pl.col("is_retained_drawn").any())
    coins = aimed.with_columns(is_kept=pl.Series(random.random(aimed.height) < 0.5))
    alone = effects.group_by(key).agg(alone=pl.col("is_retained_drawn_without").first())
    joined = alone.join(with_own, on=key, how="left").join(coins, on=key, how="left")
    drawn = pl.coalesce("with_own", "alone") | pl.col("is_kept").fill_null(value=False)
    return joined.select(*key, is_retained=drawn).sort(key)


def build(workplace: Workplace, retained: pl.DataFrame) -> None:
    """The warehouse of the slices and of END, with these outcomes as labels."""
    landed = workplace.landing()
    with duck() as connection:
        show_raw(connection, landed)
        models = [model for model in plan_for(workplace.settings).models if model.name != "quarantine"]
        for statement in statements(models, Dates(START, [*SLICES, END])):
            connection.execute(statement)
        file = workplace.home.root / "retained.parquet"
        retained.write_parquet(file)
        connection.execute(
            f"update features.churn_labels as labels set is_churned = not drawn.is_retained from '{file}' as drawn "
            "where labels.user_id = drawn.user_id and labels.snapshot_date = drawn.snapshot_date "
            "and labels.definition = 'inactivity' and labels.is_churned is not null"
        )
        connection.execute(f"attach '{workplace.home.warehouse}' as kept")
        for relation in READ:
            connection.execute(f"create schema if not exists kept.{relation.split('.')[0]}")
            connection.execute(f"create table kept.{relation} as from {relation}")


def settle(home: Home, population: str = "untreated") -> Workplace:
    """The instance with this setting, read anew."""
    training = f"training: {{slices: {len(SLICES)}, slice_step_days: 56, population: {population}}}"
    start = START + timedelta(weeks=4)  # earlier slices lie every eight weeks from the start of the calendar
    home.settings_file.write_text(f"calendar: {{start: {start}}}\n{training}\n")
    return Workplace(home_path=str(home.root))


@pytest.fixture
def shop(home: Home) -> Home:
    """A shop that has lived with the policy."""
    fill_from_shop(home.root, ShopSettings(end=END, users=4_000, weeks=WEEKS), if_missing=False)
    random = np.random.default_rng(8)
    aimed = aim(home, random)
    build(settle(home), outcomes(home, aimed, random))
    return home


def bias(home: Home, population: str, risky: pl.DataFrame) -> float:
    """Mean probability minus mean true probability when left alone, of these users."""
    workplace, key = settle(home, population), SNAPSHOT.isoformat()
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([training_set], partition_key=key, resources={"workplace": workplace}, instance=instance)
    rows = workplace.tables.read("training", "training_set", SNAPSHOT)
    trained = train(
        rows, all_features(workplace, rows), treatments(), snapshot=SNAPSHOT, gap_days=0, horizon_days=HORIZON,
        settings=workplace.settings.training,
    )  # fmt: skip
    assert trained.model is not None
    return float(trained.model.predict(risky).mean() - risky["churn_probability"].mean())


def test_learning_from_whom_the_policy_kept_hides_the_risk_and_leaving_them_out_shows_it(shop: Home) -> None:
    live = with_model_inputs(settle(shop), END, eligible_features_at(settle(shop), END))
    known = live.join(truth(shop, "leaving"), on=["user_id", "snapshot_date"], maintain_order="left")
    risky = known.filter(pl.col("user_id").is_in(risky_at(raw(shop, "orders"), END).implode()))
    fooled, honest = bias(shop, "all", risky), bias(shop, "untreated", risky)
    assert fooled < -0.15, "risky users look far safer than they are when left alone"
    assert abs(honest) < 0.04
