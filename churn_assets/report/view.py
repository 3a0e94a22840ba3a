"""The sentences and rows of a report in one language, made of its facts. No figure is worked out here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import Any

from markupsafe import Markup

from churn_assets.contracts.scored_users import ALARMS
from churn_assets.report import charts, names
from churn_assets.report.facts import Facts
from churn_assets.report.language import MINUS, UNKNOWN, Words
from churn_assets.report.measured import ArmEffect, Week
from churn_assets.report.names import named
from churn_assets.report.planned import Estimate, PlannedArm
from churn_assets.report.warnings import warnings_of

LONGEST_LABEL = 10  # of a line in a plot
TREND_COLUMNS = 3  # earlier snapshots beside a reason's count of now


@dataclass(frozen=True)
class Figure:
    value: str
    text: str


@dataclass(frozen=True)
class View:
    facts: Facts
    t: Words

    def made_from(self) -> str:
        return self.t(
            "Snapshot of {day}: everything here happened and was known before that day began (UTC).",
            day=self.t.day(self.facts.snapshot),
        )

    def headline(self) -> str:
        population, plan = self.facts.population, self.facts.plan
        risk = self.t.many(
            "{n} user is slipping away, with {amount} at stake in the next {days} days.",
            "{n} users are slipping away, with {amount} at stake in the next {days} days.",
            population.alarms, amount=self.t.money(population.alarm_amount), days=self.facts.value_days,
        )  # fmt: skip
        if not plan.users:
            return f"{risk}{self._blank()}{self.t('Nobody gets a message.')}"
        sent = self.t.many(
            "{n} gets a message, for {cost}.", "{n} get a message, for {cost}.", plan.users,
            cost=self.t.money(plan.cost),
        )  # fmt: skip
        return f"{risk}{self._blank()}{sent}"

    def _blank(self) -> str:
        return "" if self.t.language == "zh" else " "

    def figures(self) -> list[Figure]:
        t, population, plan = self.t, self.facts.population, self.facts.plan
        others = [
            f"{t.count(users)} {named(t, names.STATUSES, status)}"
            for status, users in population.statuses.items()
            if status != "eligible"
        ]
        known = t("; {others} are not scored", others=", ".join(others)) if others else ""
        at_risk = [tier for tier in population.tiers if tier.name in ALARMS]
        figures = [
            Figure(
                t.count(population.eligible),
                t(
                    "users are scored; {churn} of 100 are expected not to buy within {days} days if left alone{known}",
                    churn=t.of_100(population.churn_share), days=self.facts.horizon_days, known=known,
                ),
            ),
            Figure(
                " + ".join(t.count(tier.users) for tier in at_risk) or "0",
                t("have an alarm, urgent and watch: {shares} of 100 expected to churn",
                  shares=t(" and ").join(t.of_100(tier.churn_share) for tier in at_risk) or UNKNOWN),
            ),
            Figure(
                t.money(population.alarm_amount),
                t("of their spend is at stake over {days} days, of {all} for everybody scored: the chance to churn "
                  "times what each would spend if kept",
                  days=self.facts.value_days, all=t.money(population.amount)),
            ),
        ]  # fmt: skip
        if plan.budget:
            most, used, price = plan.budget
            more = (
                t("the next 1,000 would earn {gain} by the gains assumed", gain=t.money(1000 * price))
                if price > 0
                else t("more of it would earn nothing: something else limits the plan")
            )
            figures.append(
                Figure(
                    t("{used} of {most}", used=t.money(used), most=t.money(most)),
                    t("of the budget is used; {more}", more=more),
                )
            )
        return figures

    def warnings(self) -> list[str]:
        return warnings_of(self.facts, self.t)

    def plan_title(self) -> str:
        plan = self.facts.plan
        if not plan.users:
            return self.t("Nothing is planned")
        return self.t.many(
            "The plan: {n} user, {cost}", "The plan: {n} users, {cost}", plan.users, cost=self.t.money(plan.cost)
        )

    def plan_caveat(self) -> str:
        return self.t(
            "Profit is the margin expected to be kept less the cost. As measured: what users of past weeks brought "
            "more than users left alone by chance, in {days} days, if these users are like those.",
            days=self.facts.horizon_days,
        )

    def nothing_planned(self) -> str:
        if not self.facts.has_consents:
            return self.t(
                "The shop delivers no consents, so nobody may be written to (decisions.unknown_consent says otherwise)."
            )
        return self.t("No arm pays for anybody who may be written to; the next part says what stands in the way.")

    def plan_rows(self) -> Iterator[Any]:
        t = self.t
        labels = [
            t("Arm"), t("Through"), t("Users"), t("Cost"), t("Profit assumed"), t("Profit as measured [95 %]"),
            t("Answers"), t("Mostly"),
        ]  # fmt: skip
        is_number = (False, False, True, True, True, True, False, False)

        def row(texts: Sequence[str], *, is_total: bool = False) -> dict[str, Any]:
            return {"cells": list(zip(labels, texts, is_number, strict=True)), "is_total": is_total}

        for arm in self.facts.plan.arms:
            yield row([
                self.arm(arm.treatment), named(t, names.CHANNELS, arm.channel), t.count(arm.users), t.money(arm.cost),
                t.money(arm.gain - arm.cost), self._as_measured(arm),
                ", ".join(named(t, names.REASONS, reason) for reason, _ in arm.reasons),
                ", ".join(f"{t.count(users)} {named(t, names.SEGMENTS, name)}" for name, users in arm.segments),
            ])  # fmt: skip
        plan = self.facts.plan
        unknown = sum(1 for arm in plan.arms if arm.profit_measured is None)
        total = (
            t.money(sum(arm.profit_measured.value for arm in plan.arms if arm.profit_measured))
            if not unknown
            else t.many("{n} arm not measured", "{n} arms not measured", unknown)
        )
        yield row(
            [t("Together"), "", t.count(plan.users), t.money(plan.cost), t.money(plan.gain - plan.cost), total, "", ""],
            is_total=True,
        )

    def arm(self, treatment: str) -> str:
        return treatment.replace("_", " ")

    def _as_measured(self, arm: PlannedArm) -> str:
        return self.t("not measured yet") if arm.profit_measured is None else self.estimate(arm.profit_measured)

    def estimate(self, estimate: Estimate | None, shown: Any = None) -> str:
        if estimate is None:
            return UNKNOWN
        form = shown or self.t.money
        return f"{form(estimate.value)} {self.t.interval(estimate.low, estimate.high, form)}"

    def plan_lines(self) -> list[str]:
        t, plan = self.t, self.facts.plan
        lines = []
        if plan.holdout:
            lines.append(
                t.many(
                    "{n} user stays in the holdout, so that the whole programme can be measured.",
                    "{n} users stay in the holdout, so that the whole programme can be measured.",
                    plan.holdout,
                )
            )
        if plan.by_chance:
            lines.append(
                t.many(
                    "{n} decision was made by chance, to learn from.",
                    "{n} decisions were made by chance, to learn from.",
                    plan.by_chance,
                )
            )
        if plan.before:
            day, treatments, cost = plan.before
            lines.append(
                t(
                    "The plan of {day} had {users} users for {cost}.",
                    day=t.day(day), users=t.count(sum(treatments.values())), cost=t.money(cost),
                )
            )  # fmt: skip
            now = {arm.treatment: arm.users for arm in plan.arms}
            moved = [
                f"{self.arm(name)} {t.count(treatments.get(name, 0))} → {t.count(now.get(name, 0))}"
                for name in sorted({*now, *treatments})
                if now.get(name, 0) != treatments.get(name, 0)
            ]
            if moved:
                lines.append(t("Since then: {moved}.", moved=", ".join(moved)))
        return lines

    def policies(self) -> Iterator[tuple[str, str, str, str, bool]]:
        for name, users, gain, cost, is_used in self.facts.plan.policies:
            profit = self.t.money(gain - cost)
            yield named(self.t, names.POLICIES, name), self.t.count(users), self.t.money(cost), profit, is_used

    def sampled(self) -> Iterator[dict[str, Any]]:
        t = self.t
        for arm in self.facts.samples:
            count = t.many("{n} user", "{n} users", arm.messages)
            yield {
                "title": f"{named(t, names.CHANNELS, arm.channel)} · {self.arm(arm.treatment)} · {count}",
                "samples": [
                    {
                        "subject": sample.subject, "body": sample.body,
                        "products": t("Shows: {items}", items=", ".join(sample.products)) if sample.products else "",
                    }
                    for sample in arm.samples
                ],
                "more": t.many("{n} more message", "{n} more messages", len(arm.samples) - 1),
                "lint": self._lint(arm.samples),
            }  # fmt: skip

    def _lint(self, samples: Sequence[Any]) -> str:
        languages = sorted({sample.language for sample in samples if sample.language})
        parts = [self.t("Checked: every text keeps what it promises.")]
        if any(sample.has_code for sample in samples):
            from_pool = any(sample.code_from == "pool" for sample in samples)
            parts.append(
                self.t("Each has a code of its own, given when it is handed over.")
                if from_pool
                else self.t("The receiver of the messages puts in the code.")
            )
        if languages:
            parts.append(self.t("Language: {languages}.", languages=", ".join(languages)))
        return self._blank().join(parts)

    def left_title(self) -> str:
        users = sum(row.users for row in self.facts.left_alone)
        if not users:
            return self.t("Nobody is left alone")
        first = self.facts.left_alone[0]
        return self.t(
            "{users} users are left alone, most of them for this: {why}",
            users=self.t.count(users), why=named(self.t, names.LEFT_ALONE, first.why),
        )  # fmt: skip

    def left_chart(self) -> Markup:
        rows = [
            charts.Bar(named(self.t, names.LEFT_ALONE, row.why), row.users, self.t.count(row.users))
            for row in self.facts.left_alone
        ]
        return charts.bars(self.left_title(), rows)

    def left_rows(self) -> Iterator[tuple[str, str, str]]:
        for row in self.facts.left_alone:
            yield named(self.t, names.LEFT_ALONE, row.why), self.t.count(row.users), self.t.money(row.amount)

    def reasons_title(self) -> str:
        if not self.facts.reasons:
            return self.t("Why users churn")
        first = self.facts.reasons[0]
        return self.t(
            "Why users churn: “{reason}” holds for {users} of {all} users with an alarm",
            reason=named(self.t, names.REASONS, first.reason), users=self.t.count(first.users),
            all=self.t.count(self.facts.population.alarms),
        )  # fmt: skip

    def reasons_caveat(self) -> str:
        return self.t(
            "Users with an alarm, urgent and watch. A user may have several reasons, so they do not add up. Reasons "
            "are what the model saw, not causes; shown is what the company can act on."
        )

    def reasons_chart(self) -> Markup:
        rows = [
            charts.Bar(
                named(self.t, names.REASONS, row.reason), row.users,
                f"{self.t.count(row.users)} · {self.t.money(row.amount)}",
            )
            for row in self.facts.reasons
        ]  # fmt: skip
        return charts.bars(self.reasons_title(), rows)

    def trend_days(self) -> list[str]:
        return [self.t.short_day(week.snapshot) for week in self.facts.weeks[-TREND_COLUMNS:]]

    def reason_rows(self) -> Iterator[tuple[str, list[str], str]]:
        for row in self.facts.reasons:
            counts = [self.t.count(week.reasons.get(row.reason, 0)) for week in self.facts.weeks[-TREND_COLUMNS:]]
            yield named(self.t, names.REASONS, row.reason), counts, self.t.money(row.amount)

    def tenure_rows(self) -> Iterator[tuple[str, list[str]]]:
        """Per reason the share of users of each tenure."""
        for row in self.facts.reasons:
            shares = [self.t.percent(counts.get(row.reason, 0) / users) for _, users, counts in self.facts.tenures]
            yield named(self.t, names.REASONS, row.reason), shares

    def tenures(self) -> list[str]:
        return [named(self.t, names.TENURES, name) for name, _, _ in self.facts.tenures]

    def spread_title(self) -> str:
        high = sum(self.facts.population.tenths[8:])
        share = high / self.facts.population.eligible if self.facts.population.eligible else None
        return self.t("{share} of users scored have a chance to churn of 80 % or more", share=self.t.percent(share))

    def spread_chart(self) -> Markup:
        tenths = self.facts.population.tenths
        return charts.columns(
            self.spread_title(), tenths, [self.t.count(value) for value in tenths],
            self.t("0 % chance to churn"), self.t("100 %"),
        )  # fmt: skip

    def tier_rows(self) -> Iterator[tuple[str, str, str, str]]:
        for tier in self.facts.population.tiers:
            yield (
                named(self.t, names.TIERS, tier.name), self.t.count(tier.users), self.t.of_100(tier.churn_share),
                self.t.money(tier.amount),
            )  # fmt: skip

    def effects_title(self) -> str:
        proven = [arm for arm in self.facts.effects if arm.verdict in ("better", "worse")]
        if not self.facts.effects:
            return self.t("What messages did: not known yet")
        if not proven:
            return self.t("What messages did: nothing is proven yet")
        said = [f"{self.arm(arm.treatment)} {named(self.t, names.VERDICTS, arm.verdict)}" for arm in proven]
        return self.t("What messages did: {said}", said=", ".join(said))

    def forests(self) -> Iterator[dict[str, Any]]:
        for arm in self.facts.effects:
            if arm.retained is None:
                continue
            rows = [charts.Whisker(self._campaign(week), *self._points(week.effect)) for week in arm.campaigns] + [
                charts.Whisker(self.t("together"), *self._points(arm.retained), is_total=True)
            ]
            reach = self.t.number(charts.reach_of(rows), 0)
            caption = self._caption(arm, arm.retained)
            yield {
                "caption": caption,
                "chart": charts.forest(caption, rows, ends=(f"{MINUS}{reach}", f"+{reach}")),
            }

    def _campaign(self, week: Week) -> str:
        """Of a plan its day, of another campaign its name."""
        _, at, rest = week.name.partition("@")
        return self.t.short_day(date.fromisoformat(rest[:10])) if at else week.name[:LONGEST_LABEL]

    def _points(self, estimate: Estimate) -> tuple[float, float, float]:
        return 100 * estimate.value, 100 * estimate.low, 100 * estimate.high

    def _caption(self, arm: ArmEffect, kept: Estimate) -> str:
        return self.t(
            "{arm}: {verdict}, {more} of 100 stay {interval}",
            arm=self.arm(arm.treatment), verdict=named(self.t, names.VERDICTS, arm.verdict),
            more=self.signed(100 * kept.value), interval=self.t.interval(100 * kept.low, 100 * kept.high, self.signed),
        )  # fmt: skip

    def signed(self, number: float) -> str:
        text = self.t.number(number, 1)
        return text if number < 0 else f"+{text}"

    def effect_rows(self) -> Iterator[list[tuple[str, str, bool]]]:
        t = self.t
        labels = [
            t("Arm"), t("Weeks"), t("Users"), t("Left alone"), t("More of 100 stay [95 %]"),
            t("Profit per user [95 %]"), t("Verdict"),
        ]  # fmt: skip
        for arm in self.facts.effects:
            kept = arm.retained
            texts = [
                self.arm(arm.treatment), t.count(arm.weeks), t.count(arm.users), t.count(arm.control_users),
                UNKNOWN if kept is None else self.estimate(kept.times(100), self.signed),
                self.estimate(arm.margin, t.small_money),
                t("staying: {one}; profit: {other}", one=named(t, names.VERDICTS, arm.verdict),
                  other=named(t, names.VERDICTS, arm.margin_verdict)),
            ]  # fmt: skip
            yield [
                (label, text, 0 < place < len(texts) - 1)
                for place, (label, text) in enumerate(zip(labels, texts, strict=True))
            ]

    def programme_lines(self) -> list[str]:
        t, whole = self.t, self.facts.programme
        lines = []
        if whole and whole.margin_total:
            verdict = (
                t("proven, however often it is looked at")
                if whole.is_proven
                else t("not proven yet: it may as well be nothing")
            )
            lines.append(
                t(
                    "The whole programme since {day}: profit {total} in all, against {holdout} users of the holdout; "
                    "{verdict}.",
                    day=t.day(whole.since), total=self.estimate(whole.margin_total),
                    holdout=t.count(whole.holdout_users), verdict=verdict,
                )
            )  # fmt: skip
        elif whole:
            lines.append(t("The whole programme since {day}: nothing can be said yet.", day=t.day(whole.since)))
        times = [
            t.many(
                "{n} point of 100 {weeks}", "{n} points of 100 {weeks}", round(100 * points), weeks=self._weeks(weeks)
            )
            for points, weeks in self.facts.weeks_to_show
        ]
        if times:
            lines.append(t("The holdout can show a gain in retention of {times}.", times=", ".join(times)))
        return lines

    def _weeks(self, weeks: float) -> str:
        if weeks == inf:
            return self.t("never")
        return self.t.many("in {n} week", "in {n} weeks", round(weeks))

    def changes_title(self) -> str:
        moved = self.facts.movement
        if moved is None:
            return self.t("What changed: this is the first snapshot")
        return self.t(
            "What changed since {day}: {new} new alarms, {ended} ended",
            day=self.t.short_day(moved.before), new=self.t.count(moved.new_alarms),
            ended=self.t.count(moved.ended_alarms),
        )  # fmt: skip

    def change_lines(self) -> list[str]:
        t, moved = self.t, self.facts.movement
        if moved is None:
            return [t("From the next one on, this part says who came, who is safe again and who was lost.")]
        lines = [
            t(
                "{stayed} users keep their alarm. New: {worsened} whose risk rose, {came} who were not scored before. "
                "Ended: {safer} look safer, {lapsed} have lapsed, {objected} objected, {gone} are not scored any more.",
                stayed=t.count(moved.stayed), worsened=t.count(moved.worsened), came=t.count(moved.came),
                safer=t.count(moved.safer), lapsed=t.count(moved.lapsed), objected=t.count(moved.objected),
                gone=t.count(moved.gone),
            )
        ]  # fmt: skip
        lines.append(
            t("Both snapshots were scored by the same model.")
            if moved.is_same_model
            else t("The model changed in between, so risk and reasons may also move because it did.")
        )
        return lines

    def trend_title(self) -> str:
        first, last = self.facts.weeks[0], self.facts.weeks[-1]
        change = last.amount / first.amount - 1 if first.amount else 0.0
        since = self.t.short_day(first.snapshot)
        if abs(change) < 0.01:  # noqa: PLR2004 - under one percent is no change to a reader
            return self.t("At stake: as on {since}", since=since)
        by = self.t.percent(abs(change))
        if change > 0:
            return self.t("At stake: {change} more than on {since}", change=by, since=since)
        return self.t("At stake: {change} less than on {since}", change=by, since=since)

    def trend_chart(self) -> Markup:
        weeks = self.facts.weeks
        ends = self.t.short_day(weeks[0].snapshot), self.t.short_day(weeks[-1].snapshot)
        figures = self.t.money(weeks[0].amount), self.t.money(weeks[-1].amount)
        return charts.line(self.trend_title(), [week.amount for week in weeks], ends, figures)

    def week_rows(self) -> Iterator[list[str]]:
        t = self.t
        for week in self.facts.weeks:
            yield [
                t.short_day(week.snapshot), t.count(week.alarms), t.money(week.amount), t.count(week.messages),
                t.money(week.cost),
            ]  # fmt: skip

    def sure_lines(self) -> list[str]:
        return [*self._ranking(), *self._choice(), *self._calibration(), *self._warned(), *self._expected()]

    def _choice(self) -> Iterator[str]:
        choice = self.facts.model
        if choice:
            yield self.t(names.MODEL_DECISIONS[choice.decision], day=self.t.day(choice.champion))

    def _ranking(self) -> Iterator[str]:
        t = self.t
        shipped = next((model for model in self.facts.models if model.is_shipped), None)
        recency = next((model for model in self.facts.models if model.model == "recency"), None)
        if shipped is None:
            yield t("Nothing could be tested on weeks the model had not seen, so how good it is is not known.")
            return
        beaten = (
            t("; the days since the last order alone, {right} times", right=t.of_100(recency.auc))
            if recency and recency is not shipped
            else ""
        )
        yield t(
            "Shown one user who churns and one who stays, the model names the right one {right} times of 100 "
            "{interval}{beaten}.",
            right=t.of_100(shipped.auc), interval=t.interval(shipped.low, shipped.high, t.of_100), beaten=beaten,
        )  # fmt: skip

    def _calibration(self) -> Iterator[str]:
        if self.facts.calibration_error is not None:
            yield self.t(
                "Its probabilities are off by {points} points of 100 on average: of users said to churn with 70 %, "
                "about 70 of 100 do.",
                points=self.t.number(100 * self.facts.calibration_error, 1),
            )

    def _warned(self) -> Iterator[str]:
        t, warned = self.t, self.facts.warned
        if warned:
            yield t(
                "On {day}, {alarms} of {users} users would have had an alarm: {hit} of {churners} churners, and "
                "{share} of what churn took.",
                day=t.day(warned.slice_date), alarms=t.count(warned.alarms), users=t.count(warned.users),
                hit=t.count(warned.churners_warned), churners=t.count(warned.churners),
                share=t.percent(warned.lost_share),
            )  # fmt: skip

    def _expected(self) -> Iterator[str]:
        t, expected = self.t, self.facts.expected
        if expected is None or expected.churned is None:
            return
        value, low, high = expected.churned
        yield t(
            "Of 100 users scored {churn} {interval} are expected to churn; it is known on {day}.",
            churn=t.of_100(value), interval=t.interval(low, high, t.of_100), day=t.day(expected.known_at),
        )  # fmt: skip
        if not expected.season_is_known:
            yield t(
                "No earlier year is in the data, so the season ahead is unknown; the interval is as wide as seasons of "
                "other shops are."
            )

    def model_rows(self) -> Iterator[tuple[str, str, bool]]:
        t = self.t
        for model in self.facts.models:
            right = f"{t.of_100(model.auc, 1)} {t.interval(model.low, model.high, lambda value: t.of_100(value, 1))}"
            yield named(t, names.MODELS, model.model), right, model.is_shipped

    def past_rows(self) -> Iterator[list[str]]:
        t = self.t
        for past in self.facts.past:
            off = UNKNOWN if past.ece is None else t.number(100 * past.ece, 1)
            yield [
                t.short_day(past.snapshot), t.count(past.users), t.of_100(past.churned_share), t.of_100(past.auc), off,
            ]  # fmt: skip

    def definition_rows(self) -> Iterator[tuple[str, str, bool]]:
        for name, share in self.facts.definitions:
            yield named(self.t, names.DEFINITIONS, name), self.t.of_100(share), name == self.facts.churn_definition

    def data_title(self) -> str:
        refused = sum(source.refused for source in self.facts.sources)
        return self.t.many(
            "Data: {n} row was refused (staging.quarantine)",
            "Data: {n} rows were refused (staging.quarantine)",
            refused,
        )

    def data_rows(self) -> Iterator[list[str]]:
        t = self.t
        for source in self.facts.sources:
            if not source.is_delivered:
                newest = t("not delivered")
            else:
                newest = t("without times") if source.newest is None else t.day(source.newest)
            yield [named(t, names.TABLES, source.table), newest, t.count(source.refused)]

    def footer(self) -> str:
        t = self.t
        if not self.facts.plan.users or self.facts.valid_until is None:
            return t("Nothing is to be sent.")
        until = t.moment(self.facts.valid_until)
        return t("Valid until {until}. Nothing is sent before somebody signs:", until=until)
