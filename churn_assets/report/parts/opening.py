"""The first sentence, four figures, and what has to be read before a plan is approved."""

from __future__ import annotations

from dataclasses import dataclass

from churn_assets.contracts.scored_users import ALARMS
from churn_assets.report import names
from churn_assets.report.language import UNKNOWN
from churn_assets.report.names import named
from churn_assets.report.parts.part import Figure, Part
from churn_assets.report.warnings import warnings_of


@dataclass(frozen=True)
class Opening(Part):
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
            return f"{risk}{self.blank()}{self.t('Nobody gets a message.')}"
        sent = self.t.many(
            "{n} gets a message, for {cost}.", "{n} get a message, for {cost}.", plan.users,
            cost=self.t.money(plan.cost),
        )  # fmt: skip
        return f"{risk}{self.blank()}{sent}"

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

    def footer(self) -> str:
        t = self.t
        if not self.facts.plan.users or self.facts.valid_until is None:
            return t("Nothing is to be sent.")
        until = t.moment(self.facts.valid_until)
        return t("Valid until {until}. Nothing is sent before somebody signs:", until=until)
