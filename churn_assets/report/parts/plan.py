"""The plan by arm, its difference to the last one, and what other policies would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from churn_assets.report import names
from churn_assets.report.names import named
from churn_assets.report.parts.part import Part
from churn_assets.report.planned import PlannedArm


@dataclass(frozen=True)
class PlanPart(Part):
    def title(self) -> str:
        plan = self.facts.plan
        if not plan.users:
            return self.t("Nothing is planned")
        return self.t.many(
            "The plan: {n} user, {cost}", "The plan: {n} users, {cost}", plan.users, cost=self.t.money(plan.cost)
        )

    def caveat(self) -> str:
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

    def rows(self) -> Iterator[Any]:
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

    def _as_measured(self, arm: PlannedArm) -> str:
        return self.t("not measured yet") if arm.profit_measured is None else self.estimate(arm.profit_measured)

    def lines(self) -> list[str]:
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
