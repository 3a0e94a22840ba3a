"""`churn simulate advance`: the simulated shop lives on, and its users answer what has been dispatched to them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from rich.progress import Progress, TimeElapsedColumn

from churn_assets.catalogue.arms import treatment_of
from churn_assets.command.fill import write_batches
from churn_assets.command.onward import onward
from churn_assets.command.shop_life import Life, answered, read_life, write_answered, write_life
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import wide_console
from churn_assets.landing.errors import LandingError
from churn_assets.shop.answers import MESSAGES, week_of
from churn_assets.shop.simulate import live_on


def advance(root: Path, weeks: int) -> None:
    """Add `weeks` more weeks to the landing. After a kill the next call lives the same weeks again."""
    home = Home(root)
    life = read_life(home)
    if home.settings.landing.uri:
        raise LandingError("landing.uri is set, so this home does not read what its simulated shop delivers: unset it")
    end = Life(life.shop, life.lived + weeks)
    sent = not_answered(dispatched(home, life), home, life)
    coming = sent.filter(pl.col("week") < end.lived)
    for week in range(life.lived, end.lived):
        write_answered(home, life.shop.boundary(week), coming.filter(pl.col("week") == week).drop("week"))

    def messages(week: int) -> pl.DataFrame:
        return answered(home, life.shop.boundary(week))

    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), transient=True) as bar:
        task = bar.add_task(f"{life.shop.users:,} users live on to {end.today}", total=end.lived)
        batches = live_on(life.shop, life.lived, weeks, messages, lambda done, _: bar.update(task, completed=done))
        rows = write_batches(home, Path(home.landing), batches)
    write_life(home, end)
    console = wide_console()
    console.print(f"{rows:,} raw rows from {life.today} to {end.today}, with answers to {coming.height:,} messages.")
    if waiting := sent.height - coming.height:
        console.print(
            f"{waiting:,} messages wait for the weeks after: a message works in the week in whose first day it is "
            "sent, or in the next one.",
            soft_wrap=True,
        )
    console.print(onward(root, f"run --snapshot {end.today}"), markup=False, soft_wrap=True)


def not_answered(sent: pl.DataFrame, home: Home, life: Life) -> pl.DataFrame:
    """Of the messages sent those that no week before has answered, in the first week in which they still can work."""
    weeks = [answered(home, life.shop.boundary(week)) for week in range(life.shop.weeks, life.lived)]
    done = pl.concat([pl.DataFrame(schema=MESSAGES), *weeks])
    return sent.join(done, on="contact_id", how="anti", maintain_order="left").with_columns(
        week=pl.max_horizontal("week", pl.lit(life.lived))
    )


def dispatched(home: Home, life: Life) -> pl.DataFrame:
    """Messages handed over so far (answers.MESSAGES) with the `week` in which each works."""
    file = home.received / "contacts" / "contacts.parquet"
    if not file.exists():
        return pl.DataFrame(schema=MESSAGES | {"week": pl.Int64})
    offers = pl.DataFrame(
        [
            (treatment_of(arm.arm, level), str(arm.offer), level)
            for arm in home.settings.decisions.arms
            for level in [each.level for each in arm.levels] or [None]
        ],
        schema={"arm": pl.String, "offer": pl.String, "level": pl.String},
        orient="row",
    )
    start = pl.lit(life.shop.start, pl.Datetime("us"))
    return (
        pl.read_parquet(file)
        .join(offers, on="arm", how="left", maintain_order="left")
        .with_columns(pl.col("level").str.extract(r"(\d+(?:\.\d+)?)").cast(pl.Float64))
        .select(pl.col(name).cast(kind) for name, kind in MESSAGES.items())
        .with_columns(week=week_of(pl.col("sent_at"), start))
    )
