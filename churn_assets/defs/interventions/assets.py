"""Decisions of a snapshot, sealed in the ledger, and messages, planned in the outbox. Nothing is sent here."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import dagster as dg
import polars as pl
from dagster_dbt import dbt_assets

from churn_assets.contracts.decision_ledger import IS_KNOWN, DecisionLedger
from churn_assets.contracts.fatigue_effects import FatigueEffects
from churn_assets.contracts.held_back_options import HeldBackOptions
from churn_assets.contracts.limit_prices import LimitPrices
from churn_assets.contracts.outbox import Outbox
from churn_assets.contracts.policy_comparison import PolicyComparison
from churn_assets.contracts.policy_promotions import PolicyPromotions
from churn_assets.contracts.policy_sides import PolicySides
from churn_assets.contracts.random_options import RandomOptions
from churn_assets.contracts.recommended_items import RecommendedItems
from churn_assets.contracts.sampled_options import SampledOptions
from churn_assets.contracts.send_slots import SendSlots
from churn_assets.contracts.stopped_arms import StoppedArms
from churn_assets.contracts.uplift_comparison import UpliftComparison
from churn_assets.contracts.uplift_curves import UpliftCurves
from churn_assets.contracts.user_effects import UserEffects
from churn_assets.decisions.decide import decide
from churn_assets.decisions.learned import stopped_arms
from churn_assets.decisions.options import options_of
from churn_assets.decisions.outbox import plan_messages
from churn_assets.decisions.plots import plan_png
from churn_assets.decisions.policies import POLICIES
from churn_assets.decisions.summary import compare_policies, limit_prices, random_options, stopped_lines
from churn_assets.defs.columns import CARRIED_FROM_LEDGER, CARRIED_FROM_SCORES, carried
from churn_assets.defs.dbt.run import build
from churn_assets.defs.interventions.candidates import candidates_at, fairness_groups, users_to_recommend_to
from churn_assets.defs.interventions.consents import without_consent
from churn_assets.defs.interventions.measured import measured_at
from churn_assets.defs.interventions.metadata import (
    comparison_metadata,
    items_metadata,
    ledger_metadata,
    loss_in_words,
    prices_metadata,
    promotion_metadata,
)
from churn_assets.defs.interventions.running import running_at
from churn_assets.defs.interventions.slots import slots_at
from churn_assets.defs.interventions.sources import arms_left_out, codes_left
from churn_assets.defs.interventions.waiting import fatigue_at
from churn_assets.defs.partitions import CALENDAR, snapshots_of
from churn_assets.defs.pictures import picture
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.instance.calendar import CADENCE_DAYS
from churn_assets.monitoring.uplift_plots import uplift_png
from churn_assets.stages import Stage
from churn_assets.warehouse.no_products import no_products_at
from churn_assets.warehouse.project import manifest
from churn_assets.warehouse.recommendations import recommendations_at
from churn_assets.workplace import Workplace

# Campaigns of the past and what came of them; who is eligible now.
MEASURED_FROM = [
    [Stage.SCORING, "scored_users"],
    [Stage.FEATURES, "user_statuses"],
    *([Stage.MARTS, table] for table in ("fct_contacts", "fct_orders", "fct_returns", "fct_coupons", "fct_consents")),
    *([Stage.MARTS, table] for table in ("fct_support_tickets", "fct_surveys")),
]
DECIDED_FROM = [
    *MEASURED_FROM,
    [Stage.MARTS, "fct_events"],
    [Stage.MARTS, "dim_users"],
    [Stage.MARTS, "dim_coupon_codes"],
    [Stage.INTERVENTIONS, "recommended_items"],
]
USER_EFFECTS = [Stage.EFFECTS, "user_effects"]
# Plans that were sealed before 2026-11-30 have none.
LATER_TABLES = {
    "random_options": RandomOptions,
    "sampled_options": SampledOptions,
    "policy_sides": PolicySides,
    "stopped_arms": StoppedArms,
    "policy_promotions": PolicyPromotions,
    "send_slots": SendSlots,
    "held_back_options": HeldBackOptions,
    "fatigue_effects": FatigueEffects,
}
PLAN_TABLES = ("decision_ledger", "limit_prices", "policy_comparison", *LATER_TABLES)


@snapshot_assets(
    Stage.INTERVENTIONS,
    {"recommended_items": RecommendedItems},
    deps=[
        [Stage.SCORING, "scored_users"],
        [Stage.MARTS, "fct_events"],
        [Stage.MARTS, "fct_orders"],
        [Stage.MARTS, "fct_order_items"],
        [Stage.MARTS, "dim_products"],
    ],
    kinds={"parquet"},
    owner="team:retention",
)
def recommended_items(at: Snapshot) -> Iterator[Product]:
    """One row per user who may be written to and item, best first: what fills the slots of the texts."""
    users = users_to_recommend_to(at)
    left_out = no_products_at(at.workplace, at.date, at.workplace.settings.decisions.no_products)
    items = recommendations_at(at.workplace, at.date, users, left_out["product_id"].to_list())
    yield Product("recommended_items", items, items_metadata(users, items, left_out))


@snapshot_assets(
    Stage.INTERVENTIONS,
    {
        "user_effects": UserEffects,
        "uplift_comparison": UpliftComparison,
        "decision_ledger": DecisionLedger,
        "limit_prices": LimitPrices,
        "policy_comparison": PolicyComparison,
        "random_options": RandomOptions,
        "sampled_options": SampledOptions,
        "policy_sides": PolicySides,
        "stopped_arms": StoppedArms,
        "policy_promotions": PolicyPromotions,
        "send_slots": SendSlots,
        "held_back_options": HeldBackOptions,
        "fatigue_effects": FatigueEffects,
        "uplift_curves": UpliftCurves,
    },
    other_stages=dict.fromkeys(("user_effects", "uplift_comparison", "uplift_curves"), Stage.EFFECTS),
    deps=[*DECIDED_FROM, USER_EFFECTS],
    made_of={
        "stopped_arms": [USER_EFFECTS],
        "user_effects": MEASURED_FROM,
        "uplift_comparison": MEASURED_FROM,
        "uplift_curves": MEASURED_FROM,
    },
    kinds={"polars", "scipy", "parquet"},
    owner="team:retention",
)
def decision_ledger(at: Snapshot) -> Iterator[Product]:
    """
    decision_ledger: One row per eligible user, acted on or not, sealed: once decided, a snapshot is not decided again.
    limit_prices: One row per limit of the plan: budget and places, how far they are used, what more of them would earn.
    policy_comparison: One row per policy, planned for the same users under the same limits.
    random_options: One row per user who was given an option by chance: what it was, and what each policy intended.
    sampled_options: One row per user who was given an option as often as it may be the best, with every chance.
    policy_sides: One row per user for whom a plan intended an arm: policy in use, business as usual, or the holdout.
    send_slots: One row per message and user: the day and part of the day it goes out, and the chance of every other.
    held_back_options: One row per user of the holdout who would have been given an option by chance, and what it was.
    fatigue_effects: One row: what a message loses on a user who had one lately, as far as that is known.
    policy_promotions: One row per policy: which one makes the plan and who decided so, and whether another may.
    stopped_arms: One row per treatment that is proven to lose money, and for how many users it pays all the same.
    user_effects: What each treatment is expected to do to each eligible user, learned from plans and campaigns so far.
    uplift_curves: How good the ranking of users by predicted effect is: calibration by tenths, Qini, cost curve.
    uplift_comparison: Whether effects differ between users, and whether those said to gain most do.
    """
    settings, tables = at.workplace.settings.decisions, at.workplace.tables
    partition = tables.find(Stage.INTERVENTIONS, "decision_ledger", at.date)
    measured = measured_at(at)
    if partition and partition.is_sealed:
        at.log(f"The ledger of {at.date} was sealed at {partition.published_at:%Y-%m-%d %H:%M} UTC and stays as it is.")
        frames = [_as_planned(at, name) for name in PLAN_TABLES]
    else:
        running = running_at(at)
        settings = settings.model_copy(update={"policy": running.policy})
        candidates, groups, codes = candidates_at(at), fairness_groups(at), codes_left(at.workplace, at.date)
        effects = measured.user_effects
        fatigue, tired = fatigue_at(at)
        decide_by = partial(
            decide, candidates, snapshot=at.date, groups=groups, codes=codes, measured=effects, fatigue=fatigue
        )
        decided = decide_by(settings)
        compared = compare_policies(settings, at.date, decided, decide_by)
        by_chance = random_options(settings, at.date, decided, decide_by)
        learns = POLICIES[settings.policy].learns
        stopped = stopped_arms(options_of(settings), effects, at.date, policy_learns=learns)
        prices = limit_prices(decided, at.date)
        slots = slots_at(at, decided.ledger)
        frames = [
            decided.ledger, prices, compared, by_chance, decided.sampled, decided.sides, stopped, running.rows, slots,
            decided.held_back, tired,
        ]  # fmt: skip
    ledger, prices, compared, by_chance, sampled, sides, stopped, promotions, slots, held_back, tired = frames
    yield Product("user_effects", measured.user_effects)
    yield Product("uplift_comparison", measured.uplift_comparison, measured.metadata())
    pictures = (
        {"curves": picture("curves", uplift_png(measured.uplift_curves))} if measured.uplift_curves.height else {}
    )
    yield Product("uplift_curves", measured.uplift_curves, pictures)
    # Published before the ledger, whose sealing ends the decision: nothing may be missing then.
    yield Product("limit_prices", prices, prices_metadata(prices))
    yield Product("policy_comparison", compared, comparison_metadata(compared))
    yield Product("random_options", by_chance, {"users_given_an_option_by_chance": by_chance.height})
    yield Product("sampled_options", sampled, {"users_sampled": sampled.height})
    yield Product("fatigue_effects", tired, {"a message to a user who had one lately loses": loss_in_words(tired)})
    yield Product("held_back_options", held_back, {"users_held_back": held_back.height})
    yield Product("send_slots", slots, {"messages_with_a_slot": slots.height})
    yield Product("policy_promotions", promotions, promotion_metadata(promotions))
    yield Product("policy_sides", sides, dict(sides["side"].value_counts().sort("side").iter_rows()))
    yield Product(
        "stopped_arms", stopped, {"lose_money": dg.MetadataValue.md("\n".join(stopped_lines(stopped)) or "none")}
    )
    metadata = ledger_metadata(ledger, settings.budget_amount) | {
        "arms_left_out": "; ".join(arms_left_out(at.workplace, at.date)) or "none",
        "plan": picture("plan", plan_png(ledger)),
    }
    origins = carried(Stage.SCORING, "scored_users", CARRIED_FROM_SCORES)
    yield Product("decision_ledger", ledger, metadata, seal=True, origins=origins)


@snapshot_assets(
    Stage.INTERVENTIONS,
    {"outbox": Outbox},
    deps=[[Stage.INTERVENTIONS, table] for table in ("decision_ledger", "recommended_items", "send_slots")],
    kinds={"sqlite", "parquet"},
    owner="team:retention",
)
def outbox(at: Snapshot) -> Iterator[Product]:
    """One row per message to the users acted upon, as in the record store; planned once, when first decided.

    Cancelled where consent at the snapshot, as known now, is missing.
    """
    settings, tables, store = at.workplace.settings, at.workplace.tables, at.workplace.outbox
    ledger = tables.read(Stage.INTERVENTIONS, "decision_ledger", at.date)
    added = 0
    if tables.find(Stage.INTERVENTIONS, "outbox", at.date) is None:
        items = tables.read(Stage.INTERVENTIONS, "recommended_items", at.date)
        cadence_days = CADENCE_DAYS[settings.calendar.cadence]
        slots = _as_planned(at, "send_slots")
        known = ledger.filter(IS_KNOWN)
        added = store.add(plan_messages(known, items, settings.decisions, at.date, cadence_days, slots))
    decisions = ledger["decision_id"].to_list()
    refused = without_consent(at, store.messages(decisions))
    # A ledger stays as it was sealed; a refusal of before the snapshot that became known later cancels its messages.
    cancelled = store.cancel(refused["message_key"].to_list())
    messages = store.messages(decisions).sort("user_id")
    states = dict(messages.group_by("state", maintain_order=True).len().sort("state").iter_rows())
    metadata = {"messages_new": added, "messages_cancelled_now": cancelled}
    origins = carried(Stage.INTERVENTIONS, "decision_ledger", CARRIED_FROM_LEDGER)
    yield Product("outbox", messages, metadata | {f"messages_{s}": n for s, n in states.items()}, origins=origins)


@dbt_assets(
    manifest=manifest(),
    name="intervention_models",
    select="fqn:interventions fqn:profiles",
    partitions_def=CALENDAR.partitions,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def intervention_models(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> Iterator[Any]:
    """The tables that analysts and the call centre read, user profiles among them; then their masked views."""
    yield from build(context, workplace, snapshots_of(context))
    workplace.show_masked()


def _as_planned(at: Snapshot, name: str) -> pl.DataFrame:
    """A table of a sealed plan, as it was made with it. Raises what `Tables.read` raises, but for LATER_TABLES."""
    tables = at.workplace.tables
    if name in LATER_TABLES and not tables.is_listed(Stage.INTERVENTIONS, name, at.date):
        return LATER_TABLES[name].empty()
    return tables.read(Stage.INTERVENTIONS, name, at.date)
