"""What the messages of a plan do to users of the simulated shop, and how they answer: opened, taken up, refused.

A message works as the shop's own arm does that is most like it: with a coupon as `coupon_10`, the more the higher its
level; without as `reminder_email`. A call soothes: it helps whoever has had bad experience, and nobody else much.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import DAY, HOUR, MINUTE, WEEK, Floats, Ints, times
from churn_assets.shop.campaigns import PurchaseHistory, boosted, responses
from churn_assets.shop.consents import EMAIL, GRANTED_SHARES, Consents, consent_rows, withdrawn
from churn_assets.shop.contacts import openings
from churn_assets.shop.hazard import State
from churn_assets.shop.noise import known_times
from churn_assets.shop.scene import Scene

# Sent messages: the columns of `contacts` as sent, and of the arm the `offer` and the number in its `level`.
MESSAGES = pl.Schema(
    {
        "contact_id": pl.String(), "user_id": pl.String(), "sent_at": pl.Datetime("us"), "campaign_id": pl.String(),
        "arm": pl.String(), "channel": pl.String(), "is_randomised": pl.Boolean(), "propensity": pl.Float64(),
        "cost_amount": pl.Float64(), "ingested_at": pl.Datetime("us"), "offer": pl.String(), "level": pl.Float64(),
    }
)  # fmt: skip
COUPON, CALL = "coupon", "call"
USUAL_LEVEL = 10.0  # of `coupon_10`; a coupon of another level works by the square root of the ratio
CALL_MEAN, CALL_PER_ANGER, MOST_ANGER = 0.02, 0.15, 2.0
REACHED_SHARE = 0.7  # of calls
REFUSED_SHARE = 0.01  # of opened messages, by that channel; of calls that reach somebody as well


def week_of(sent_at: pl.Expr, first_start: pl.Expr) -> pl.Expr:
    """Number of the week in which a message works: that in whose first day it is sent, or the next one."""
    return (sent_at - first_start + pl.duration(microseconds=WEEK - DAY)).dt.total_microseconds() // WEEK


def users_of(scene: Scene, week: int, messages: pl.DataFrame) -> tuple[pl.DataFrame, Ints]:
    """(messages to users of the shop by sending time, number of the user of each). Who reads a message of an earlier
    week reads it in this one: `sent_at` and `ingested_at` are not before it, `was_sent_at` is as it was.
    """
    known = pl.DataFrame({"user_id": scene.population.user_ids}).with_row_index("number")
    to_users = messages.join(known, on="user_id", how="inner").sort("sent_at", "contact_id")
    start = pl.Series([scene.start(week)], dtype=pl.Datetime("us"))
    now = [pl.max_horizontal(name, start.first()).alias(name) for name in ("sent_at", "ingested_at")]
    reaching = to_users.drop("number").with_columns(*now, was_sent_at="sent_at")
    return reaching, to_users["number"].cast(pl.Int64).to_numpy()


def answered_state(
    scene: Scene, state: State, history: PurchaseHistory, week: int, messages: pl.DataFrame, user: Ints
) -> State:
    """The state after the messages of the week; of several to one user the last works."""
    rows = np.flatnonzero(pl.Series(user).is_last_distinct().to_numpy())
    treated, response = np.zeros(len(scene.population), dtype=np.bool_), np.zeros(len(scene.population))
    treated[user[rows]] = True
    response[user[rows]] = _response(scene, state, history, week, messages, user)[rows]
    return boosted(state, response, treated)


def _response(
    scene: Scene, state: State, history: PurchaseHistory, week: int, messages: pl.DataFrame, user: Ints
) -> Floats:
    """Log factor on the order rate of each message's user."""
    of_arm = responses(scene, history, week)
    level = messages["level"].fill_null(USUAL_LEVEL).to_numpy()
    anger = np.minimum(state.dissatisfaction, MOST_ANGER)
    by_kind = [
        (CALL_MEAN + CALL_PER_ANGER * anger)[user],
        of_arm["coupon_10"][user] * np.sqrt(level / USUAL_LEVEL),
    ]
    is_call, is_coupon = (messages["channel"] == CALL).to_numpy(), (messages["offer"] == COUPON).to_numpy()
    return np.asarray(np.select([is_call, is_coupon], by_kind, of_arm["reminder_email"][user]))


def reactions(
    rng: np.random.Generator, scene: Scene, state: State, consents: Consents, messages: pl.DataFrame, user: Ints
) -> tuple[Consents, dict[str, pl.DataFrame]]:
    """(consents after refusals, rows of `contacts` that were opened and of `consents` that refuse the channel)."""
    never = pl.lit(None, pl.Datetime("us"))
    sent = messages.drop("offer", "level").with_columns(opened_at=never, clicked_at=never)
    opened = pl.concat([openings(rng, scene, state, sent, user), _reached(rng, scene, sent)])
    known = pl.DataFrame({"contact_id": sent["contact_id"], "number": user})
    openers = opened.join(known, on="contact_id", how="left", maintain_order="left")
    refused = openers.filter(pl.Series(rng.random(opened.height) < REFUSED_SHARE))
    channels = list(GRANTED_SHARES)
    channel = np.array([channels.index(name) if name in channels else EMAIL for name in refused["channel"]], dtype=int)
    who = refused["number"].to_numpy()
    at = refused["opened_at"].to_physical().to_numpy() + MINUTE
    said = consent_rows(scene.population, who, channel, np.zeros(len(who), dtype=np.bool_), at)
    said = said.with_columns(ingested_at=times(known_times(rng, at, scene.settings.late_share)))
    for number in np.unique(channel):
        consents = withdrawn(consents, int(number), who[channel == number])
    return consents, {"contacts": opened.with_columns(sent_at="was_sent_at"), "consents": said}


def _reached(rng: np.random.Generator, scene: Scene, sent: pl.DataFrame) -> pl.DataFrame:
    """Calls that somebody answers."""
    calls = sent.filter((pl.col("channel") == CALL) & pl.Series(rng.random(sent.height) < REACHED_SHARE))
    at = calls["sent_at"].to_physical().to_numpy() + rng.integers(HOUR, 2 * DAY, calls.height)
    known = known_times(rng, at + HOUR, scene.settings.late_share, after=calls["ingested_at"].to_physical().to_numpy())
    return calls.with_columns(opened_at=times(at), ingested_at=times(known))


def coupons_in(messages: pl.DataFrame) -> dict[float, Ints]:
    """By face amount the positions of the messages that bring a coupon; of several to one user the last."""
    with_coupon = messages.with_row_index("position").filter((pl.col("offer") == COUPON) & (pl.col("level") > 0))
    last = with_coupon.unique("user_id", keep="last", maintain_order=True)
    return {
        float(rows.item(0, "level")): rows["position"].cast(pl.Int64).to_numpy()
        for rows in last.partition_by("level", maintain_order=True)
    }
