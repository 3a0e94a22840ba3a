"""Send slots: on which day and in which part of it a message goes out, learned for each user, with exact chances.

A message is worth most where the user is around and opens what comes then. Both begin with what is usual and are left
behind as the user's own habits show: the share of own visits in a slot is shrunk to the shop's, the share opened of
messages sent in a slot to what the user opens at all, and that to the shop's. Visits that a message may have caused
are no habit (warehouse/moments.py), and opens are counted by what was sent, so sending in a slot does not prove it.

The best slot is taken but for `send_slot_floor_share` of the chance, which all slots share equally: or what is known of
the others would grow old. One draw by the stable hash goes by these chances.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from churn_assets.contracts.channels import BY_TURN, NO_CHANNEL
from churn_assets.contracts.decision_ledger import IS_KNOWN, NO_ARM
from churn_assets.contracts.send_slots import PARTS, SLOTS, SendSlots
from churn_assets.decisions.holdout import unit_interval
from churn_assets.decisions.quiet import is_quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from churn_assets.catalogue.arms import Arm
    from churn_assets.decisions.problem import Floats
    from churn_assets.settings.decisions import Decisions

USUAL_VISITS = 10.0  # own visits that count as much as the habits of all users
USUAL_MESSAGES = 4.0  # own messages that count as much as what is opened at all
STEP = timedelta(minutes=15)  # as in offsets of time zones
LAST_START = timedelta(hours=6)  # before the next plan takes over: a dispatch has to come by
PART_HOURS = 24 // len(PARTS)
WEEK_DAYS = 7


def to_be_sent(ledger: pl.DataFrame) -> pl.DataFrame:
    """user_id and arm of the users who get a message that has an hour, sorted."""
    is_sent = (pl.col("arm") != NO_ARM) & ~pl.col("channel").is_in([NO_CHANNEL, *BY_TURN]) & IS_KNOWN
    return ledger.filter(is_sent).select("user_id", "arm").sort("user_id")


def send_slots(
    sent: pl.DataFrame, moments: pl.DataFrame, settings: Decisions, snapshot: date, cadence_days: int
) -> pl.DataFrame:
    """Contract SendSlots, sorted by user; a user for whose arm no slot is open has no row.

    `sent`: user_id, arm. `moments`: user_id, slot (number), visits, sent, opened: of these users, before the snapshot.
    """
    arms = {arm.arm: open_slots(arm, settings, snapshot, cadence_days) for arm in settings.arms}
    users = sent.filter(pl.col("arm").replace_strict({a: bool(s) for a, s in arms.items()}, return_dtype=pl.Boolean))
    if users.is_empty():
        return SendSlots.empty()
    score, visits = scores(users["user_id"], moments)
    choice = unit_interval(users["user_id"], f"{settings.salt}:slot:{snapshot.isoformat()}").to_numpy()
    rows = []
    for number, (user, arm) in enumerate(users.iter_rows()):
        starts = arms[arm]
        own = np.array(list(starts))
        chances = slot_chances(score[number, own], settings.send_slot_floor_share)
        drawn = min(int(np.searchsorted(np.cumsum(chances), choice[number], side="right")), len(own) - 1)
        rows.append({
            "user_id": user,
            "snapshot_date": snapshot,
            "slots": [SLOTS[slot] for slot in own],
            "chances": chances.tolist(),
            "slot": SLOTS[own[drawn]],
            "propensity": float(chances[drawn]),
            "send_after": starts[int(own[drawn])],
            "visits": int(visits[number]),
        })  # fmt: skip
    return SendSlots.validate(pl.DataFrame(rows, schema=SendSlots.empty().schema), lazy=True)


def open_slots(arm: Arm, settings: Decisions, snapshot: date, cadence_days: int) -> Mapping[int, datetime]:
    """The first moment (naive UTC) of each slot in which the arm may be sent before the next plan, earliest first."""
    midnight, zone = datetime.combine(snapshot, time()), ZoneInfo(settings.time_zone)
    end = midnight + timedelta(days=min(cadence_days, WEEK_DAYS))
    starts: dict[int, datetime] = {}
    moment = midnight
    while moment <= end - LAST_START:
        local = moment.replace(tzinfo=UTC).astimezone(zone)
        slot = len(PARTS) * local.weekday() + local.hour // PART_HOURS
        if slot not in starts and not is_quiet(moment, arm, settings.time_zone):
            starts[slot] = moment
        moment += STEP
    return starts


def scores(users: pl.Series, moments: pl.DataFrame) -> tuple[Floats, Floats]:
    """(users, slots): how much a message is worth in each, up to a factor per user; and days with a visit (users,)."""
    places = users.to_frame("user_id").with_row_index("row")
    rows = moments.join(places, on="user_id", maintain_order="left")
    counts = {name: np.zeros((len(users), len(SLOTS))) for name in ("visits", "sent", "opened")}
    at = rows["row"].to_numpy(), rows["slot"].to_numpy()
    for name, count in counts.items():
        np.add.at(count, at, rows[name].to_numpy())
    visits, sent, opened = counts.values()
    everyone = (visits.sum(axis=0) + 1) / (visits.sum() + len(SLOTS))
    own_visits = visits.sum(axis=1)
    around = (visits + USUAL_VISITS * everyone) / (own_visits + USUAL_VISITS)[:, None]
    at_all = (opened.sum() + 1) / (sent.sum() + 2)
    own = (opened.sum(axis=1) + USUAL_MESSAGES * at_all) / (sent.sum(axis=1) + USUAL_MESSAGES)
    answered = (opened + USUAL_MESSAGES * own[:, None]) / (sent + USUAL_MESSAGES)
    return around * answered, own_visits


def slot_chances(score: Floats, floor_share: float) -> Floats:
    """(slots,), adding up to 1: the best but for `floor_share`, which all share equally. Of equal ones the first."""
    chances = np.full(len(score), floor_share / len(score))
    chances[int(score.argmax())] += 1 - floor_share
    return np.asarray(chances / chances.sum())
