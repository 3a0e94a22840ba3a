"""What a person has to read before a plan is approved: where it contradicts what is known. A sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from churn_assets.report import names
from churn_assets.report.facts import Facts
from churn_assets.report.language import Words
from churn_assets.report.names import named
from churn_assets.report.planned import PlannedArm

STALE_DAYS = 8  # a table that is delivered every week is never older; others go by twice their own longest pause


def warnings_of(facts: Facts, words: Words) -> list[str]:
    """The costliest first: arms that harm, assumptions refuted, then what is wrong with the data."""
    return [
        *_stopped(facts, words),
        *(line for arm in facts.plan.arms for line in _about_arm(arm, words)),
        *_about_limits(facts, words),
        *_about_data(facts, words),
    ]


def _stopped(facts: Facts, t: Words) -> Iterator[str]:
    for arm in facts.stopped:
        figures = {
            "arm": arm.treatment.replace("_", " "),
            "loss": t.small_money(arm.margin),
            "interval": t.interval(arm.low, arm.high, t.small_money),
        }
        yield (
            t("{arm} loses money as measured, {loss} {interval} per user: the plan leaves it out but for users for "
              "whom it pays.", **figures)
            if arm.is_stopped
            else t("{arm} loses money as measured, {loss} {interval} per user, and the plan uses it all the same: its "
                   "policy does not look at what was measured (decisions.policy: learned does).", **figures)
        )  # fmt: skip


def _about_arm(arm: PlannedArm, t: Words) -> Iterator[str]:
    measured, name = arm.measured, arm.treatment.replace("_", " ")
    if measured is None or measured.kept is None or arm.assumed_kept is None:
        return
    kept = measured.kept
    weeks = t.many("{n} finished week says", "{n} finished weeks say", measured.weeks)
    if arm.is_assumption_refuted:
        refuted = t(
            "The catalogue assumes that {arm} keeps {assumed} of 100 churners. {weeks} {kept} {interval}.",
            arm=name, assumed=t.of_100(arm.assumed_kept), weeks=weeks, kept=t.of_100(kept.value, 1),
            interval=t.interval(kept.low, kept.high, lambda share: t.of_100(share, 1)),
        )  # fmt: skip
        profit = arm.profit_measured
        money = (
            t(
                " By what was measured its users earn {profit} {interval}, not {assumed}.",
                profit=t.money(profit.value), interval=t.interval(profit.low, profit.high, t.money),
                assumed=t.money(arm.gain - arm.cost),
            )
            if profit
            else ""
        )  # fmt: skip
        yield refuted + money
    elif not kept.is_above_zero:
        unproven = t(
            "{arm} is not proven to keep anybody: {weeks} {kept} {interval} of 100 churners.",
            arm=name, weeks=weeks, kept=t.of_100(kept.value, 1),
            interval=t.interval(kept.low, kept.high, lambda share: t.of_100(share, 1)),
        )  # fmt: skip
        profit = arm.profit_measured
        pays = (
            t(
                " It pays all the same: {profit} {interval} by what was measured.",
                profit=t.money(profit.value), interval=t.interval(profit.low, profit.high, t.money),
            )
            if profit and profit.is_above_zero
            else ""
        )  # fmt: skip
        yield unproven + pays


def _about_limits(facts: Facts, t: Words) -> Iterator[str]:
    if not facts.has_consents:
        yield t("The shop delivers no consents table: whom it may write to is not known.")
    lacking = {row.why: row.users for row in facts.left_alone if row.why in ("no_item", "no_code", "unreachable")}
    for why, users in lacking.items():
        yield t(
            "{users} users who would get a message do not, for this: {why}.",
            users=t.count(users), why=named(t, names.LEFT_ALONE, why),
        )  # fmt: skip


def _about_data(facts: Facts, t: Words) -> Iterator[str]:
    stale = [
        f"{named(t, names.TABLES, source.table)} ({t.day(source.newest)})"
        for source in facts.sources
        if source.newest is not None
        and facts.snapshot - source.newest > timedelta(days=max(STALE_DAYS, 2 * source.usual_days))
    ]
    if stale:
        yield t("Nothing new has become known of: {tables}.", tables=", ".join(stale))
    if facts.drifted:
        yield t(
            "Features have moved away from what the model learned from: {features} (monitoring.feature_drift).",
            features=", ".join(facts.drifted),
        )
    if facts.expected and not facts.expected.season_is_known:
        yield t("No earlier year is in the data: what the season does to churn is not known.")
