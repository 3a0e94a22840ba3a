"""What campaigns and decisions did, measured against users left alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from churn_assets.contracts.arm_effects import ALL, VERDICTS, ArmEffects
from churn_assets.contracts.experiment_power import ExperimentPower
from churn_assets.contracts.experiment_readout import ExperimentReadout
from churn_assets.contracts.group_effects import ANY, GroupEffects
from churn_assets.contracts.policy_readout import PolicyReadout
from churn_assets.contracts.policy_value import PolicyValue
from churn_assets.contracts.program_effects import ProgramEffects
from churn_assets.contracts.return_on_spend import ReturnOnSpend
from churn_assets.decisions.options import options_of
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.pictures import picture
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.effects.arm_effects import arm_effects
from churn_assets.effects.assignments import ledger_traits
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.group_effects import group_effects
from churn_assets.effects.known_users import known_users
from churn_assets.effects.plots import effects_png
from churn_assets.effects.policy_readout import policy_readout
from churn_assets.effects.policy_value import policy_value
from churn_assets.effects.power import arm_sentences, holdout_sentences
from churn_assets.effects.power import experiment_power as power_of
from churn_assets.effects.program import members, program_effects, readings
from churn_assets.effects.readout import empty_readout, readout
from churn_assets.effects.remarks import LEFT_OUT, notes_by_campaign
from churn_assets.effects.return_on_spend import return_on_spend
from churn_assets.effects.sentences import (
    effect_sentence,
    policy_sentence,
    program_sentence,
    return_sentence,
    side_sentence,
)
from churn_assets.instance.policy_promotions import PolicyPromotions
from churn_assets.stages import Stage
from churn_assets.warehouse.earlier_plans import Past, closed_users
from churn_assets.warehouse.outcomes import outcomes_of, outcomes_since, recorded_tables
from churn_assets.warehouse.segments import channels_of_arms, segments_then

MARTS_READ = (
    "fct_contacts", "fct_events", "fct_orders", "fct_returns", "fct_coupons", "fct_consents", "fct_support_tickets",
    "fct_surveys",
)  # fmt: skip


@snapshot_assets(
    Stage.EFFECTS,
    {
        "experiment_readout": ExperimentReadout,
        "arm_effects": ArmEffects,
        "return_on_spend": ReturnOnSpend,
        "group_effects": GroupEffects,
        "program_effects": ProgramEffects,
        "policy_value": PolicyValue,
        "policy_readout": PolicyReadout,
    },
    deps=[
        *([Stage.MARTS, table] for table in MARTS_READ),
        *(
            dg.AssetDep([Stage.INTERVENTIONS, table], partition_mapping=CALENDAR.all_before())
            for table in ("decision_ledger", "random_options", "sampled_options", "policy_sides")
        ),
        dg.AssetDep([Stage.SCORING, "scored_users"], partition_mapping=CALENDAR.all_before()),
        dg.AssetDep([Stage.MARTS, "dim_user_profiles"], partition_mapping=CALENDAR.all_before()),
    ],
    kinds={"scipy", "polars"},
    owner="team:data-science",
)
def measured_effects(at: Snapshot) -> Iterator[Product]:
    """
    experiment_readout: One row per randomised campaign or past policy, treated arm and metric, as far as known by then.
    arm_effects: What each arm and level did, over all weeks whose windows have closed, by week, reason and risk tier.
    return_on_spend: Margin that each campaign and arm brought per spent on messages and coupons.
    group_effects: The same by arm, by channel, and by segment of the users' portraits at the snapshot of the decision.
    program_effects: Everybody decided about against the universal holdout, from the start until the snapshot.
    policy_value: What each policy would have earned, by the users of earlier plans who were given an option by chance.
    policy_readout: What the plans did as made, against the holdout, an option by chance, and business as usual.
    """
    past = Past.before(at.workplace, at.date)
    assignments, remarks, ledgers = past.assignments, past.remarks, past.ledgers
    window_days, recorded = at.workplace.settings.churn.horizon_days, recorded_tables(at.workplace, at.date)
    outcomes = outcomes_of(at.workplace, assignments, at.date, window_days)
    result = (
        empty_readout()
        if assignments.is_empty()
        else readout(assignments, outcomes, window_days=window_days, snapshot=at.date, remarks=remarks)
    )
    yield Product("experiment_readout", result, _readout_metadata(result, assignments, remarks))
    compared = compared_users(assignments, at.date, window_days)
    scored = [frame for _, frame in at.workplace.tables.read_before(Stage.SCORING, "scored_users", at.date)]
    known = known_users(
        compared.rows,
        outcomes,
        margin_share=at.workplace.settings.decisions.margin_share,
        traits=ledger_traits(ledgers, scored, past.sides),
    )
    effects = arm_effects(known, snapshot=at.date, window_days=window_days, recorded=recorded)
    yield Product("arm_effects", effects, _arm_metadata(effects, compared.left_out))
    yield _return_on_spend(known, at)
    yield _group_effects(at, known, recorded)
    yield _program_effects(at, ledgers, recorded)
    drawn = closed_users(at.workplace, at.date, past.random_options)
    yield _policy_value(at, drawn)
    yield _policy_readout(at, closed_users(at.workplace, at.date, past.sides), drawn, recorded)


@snapshot_assets(
    Stage.EFFECTS,
    {"experiment_power": ExperimentPower},
    deps=[
        [Stage.INTERVENTIONS, "decision_ledger"],
        [Stage.EFFECTS, "arm_effects"],
        *([Stage.MARTS, table] for table in MARTS_READ),
    ],
    kinds={"scipy", "polars"},
    owner="team:data-science",
)
def experiment_power(at: Snapshot) -> Iterator[Product]:
    """One row per treatment of the plan, or the holdout, metric and number of weeks: the effect it can show."""
    ledger = at.workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", at.date)
    horizon_days = at.workplace.settings.churn.horizon_days
    now = ledger.select("user_id", campaign=pl.lit("now"), assigned_at="decided_at")
    before = outcomes_since(at.workplace, now, at.date, horizon_days)
    so_far = at.workplace.tables.read(Stage.EFFECTS, "arm_effects", at.date)
    power = power_of(ledger, before, so_far, horizon_days=horizon_days)
    lines = [*holdout_sentences(power, horizon_days), *arm_sentences(power)]
    yield Product("experiment_power", power, {"what_can_be_shown": dg.MetadataValue.md(_list(lines))})


def _arm_metadata(effects: pl.DataFrame, left_out: Mapping[str, str]) -> Mapping[str, Any]:
    main = effects.filter(pl.col("dimension") == ALL)
    drawn = effects_png(effects)
    lines = [effect_sentence(row) for row in main.filter(pl.col("metric") == "retained").iter_rows(named=True)]
    return {
        "retained": dg.MetadataValue.md(_list(lines)),
        "campaigns_left_out": dg.MetadataValue.md(_list([f"{name}: {why}" for name, why in left_out.items()])),
        **_proven(main),
        **({"effects": picture("effects", drawn)} if drawn else {}),
    }


def _return_on_spend(known: pl.DataFrame, at: Snapshot) -> Product:
    result = return_on_spend(known, snapshot=at.date)
    together = result.filter(pl.col("campaign") == ALL)
    lines = [return_sentence(row) for row in together.iter_rows(named=True)]
    return Product("return_on_spend", result, {"brought_per_spent": dg.MetadataValue.md(_list(lines))})


def _proven(main: pl.DataFrame) -> Mapping[str, Any]:
    """By `adjusted_p_value`: of 36 effects that are none, two intervals of 95 % leave zero out by chance alone."""
    counts = {verdict: main.filter(pl.col("verdict") == verdict).height for verdict in VERDICTS}
    known, proven = main.height - counts["unknown"], counts["better"] + counts["worse"]
    beyond_zero = main.filter((pl.col("effect_low") > 0) | (pl.col("effect_high") < 0)).height
    said = (
        f"{proven} of {known} looked at ({counts['better']} better, {counts['worse']} worse), corrected for how many "
        f"were looked at: of those named, 1 in 20 is expected to be chance (Benjamini-Hochberg). Without it "
        f"{beyond_zero} intervals leave zero out, of which {known / 20:.1f} would by chance if nothing worked."
    )
    figures = {f"effects_{verdict}": count for verdict, count in counts.items()}
    return {"effects_proven": said, "effects_looked_at": known, **figures}


def _group_effects(at: Snapshot, known: pl.DataFrame, recorded: Collection[str]) -> Product:
    decided = known.with_columns(snapshot_date=pl.col("assigned_at").dt.date())
    then = segments_then(at.workplace, decided, at.date)
    rows = decided.join(then, on=["user_id", "snapshot_date"], how="left", maintain_order="left")
    options = options_of(at.workplace.settings.decisions)
    contacts = channels_of_arms(at.workplace, at.date)
    planned = {option.treatment: option for option in options}
    result = group_effects(
        rows,
        {name: planned[name].arm.arm if name in planned else name for name in set(known["treatment"])},
        {**contacts, **{name: option.arm.channel for name, option in planned.items()}},
        snapshot=at.date,
        window_days=at.workplace.settings.churn.horizon_days,
        recorded=recorded,
    )
    main = result.filter(pl.col("metric") == "retained", pl.col("treatment") == ANY)
    lines = [effect_sentence(row | {"treatment": row["segment"]}) for row in main.iter_rows(named=True)]
    return Product("group_effects", result, {"retained": dg.MetadataValue.md(_list(lines))})


def _program_effects(at: Snapshot, ledgers: Collection[pl.DataFrame], recorded: Collection[str]) -> Product:
    """Of ledgers only who was decided about when is needed: 52 of them are a row per user and week."""
    users, changed_sides = members([ledger.select("user_id", "is_holdout", "decided_at") for ledger in ledgers])
    horizon_days = at.workplace.settings.churn.horizon_days
    outcomes = outcomes_since(at.workplace, readings(users, at.date, horizon_days), at.date, horizon_days)
    result = program_effects(
        users,
        outcomes,
        snapshot=at.date,
        margin_share=at.workplace.settings.decisions.margin_share,
        recorded=recorded,
        changed_sides=changed_sides,
    )
    lines = [program_sentence(row) for row in result.iter_rows(named=True)]
    return Product("program_effects", result, {"since_the_start": dg.MetadataValue.md(_list(lines))})


def _policy_readout(at: Snapshot, sides: pl.DataFrame, drawn: pl.DataFrame, recorded: Collection[str]) -> Product:
    window_days = at.workplace.settings.churn.horizon_days
    result = policy_readout(sides, drawn, snapshot=at.date, window_days=window_days, recorded=recorded)
    margins = result.filter(pl.col("metric") == "margin_amount")
    lines = [side_sentence(row) for row in margins.iter_rows(named=True)]
    return Product("policy_readout", result, {"margin_per_user": dg.MetadataValue.md(_list(lines))})


def _policy_value(at: Snapshot, drawn: pl.DataFrame) -> Product:
    used = PolicyPromotions(at.workplace.record).running_before(at.date, at.workplace.settings.decisions.policy)
    result = policy_value(drawn, used=used, snapshot=at.date)
    margins = result.filter(pl.col("metric") == "margin_amount")
    lines = [policy_sentence(row) for row in margins.iter_rows(named=True)]
    return Product("policy_value", result, {"margin_per_user": dg.MetadataValue.md(_list(lines))})


def _readout_metadata(
    result: pl.DataFrame, assignments: pl.DataFrame, remarks: Mapping[str, Sequence[str]]
) -> Mapping[str, Any]:
    notes = notes_by_campaign(result, {*assignments["campaign"], *remarks}, remarks)
    left_out = [name for name, note in notes.items() if note.startswith(LEFT_OUT)]
    return {
        "campaigns": result["campaign"].n_unique(),
        "campaigns_matured": result.filter("is_matured")["campaign"].n_unique(),
        "campaigns_left_out": ", ".join(left_out) or "none",
        "notes": dg.MetadataValue.md(_list([f"{name}: {note}" for name, note in notes.items()])),
    }


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "none"
