"""Why users churn, over snapshots and by tenure, and how risk is spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from churn_assets.report import charts, names
from churn_assets.report.names import named
from churn_assets.report.parts.part import Part

TREND_COLUMNS = 3  # snapshots beside each other in the table of reasons


@dataclass(frozen=True)
class Reasons(Part):
    def title(self) -> str:
        if not self.facts.reasons:
            return self.t("Why users churn")
        first = self.facts.reasons[0]
        return self.t(
            "Why users churn: “{reason}” holds for {users} of {all} users with an alarm",
            reason=named(self.t, names.REASONS, first.reason), users=self.t.count(first.users),
            all=self.t.count(self.facts.population.alarms),
        )  # fmt: skip

    def caveat(self) -> str:
        return self.t(
            "Users with an alarm, urgent and watch. A user may have several reasons, so they do not add up. Reasons "
            "are what the model saw, not causes; shown is what the company can act on."
        )

    def chart(self) -> Markup:
        rows = [
            charts.Bar(
                named(self.t, names.REASONS, row.reason), row.users,
                f"{self.t.count(row.users)} · {self.t.money(row.amount)}",
            )
            for row in self.facts.reasons
        ]  # fmt: skip
        return charts.bars(self.title(), rows)

    def trend_days(self) -> list[str]:
        return [self.t.short_day(week.snapshot) for week in self.facts.weeks[-TREND_COLUMNS:]]

    def rows(self) -> Iterator[tuple[str, list[str], str]]:
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
