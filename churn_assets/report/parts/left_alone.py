"""Who is left alone, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from churn_assets.report import charts, names
from churn_assets.report.names import named
from churn_assets.report.parts.part import Part


@dataclass(frozen=True)
class LeftAlonePart(Part):
    def title(self) -> str:
        users = sum(row.users for row in self.facts.left_alone)
        if not users:
            return self.t("Nobody is left alone")
        first = self.facts.left_alone[0]
        return self.t(
            "{users} users are left alone, most of them for this: {why}",
            users=self.t.count(users), why=named(self.t, names.LEFT_ALONE, first.why),
        )  # fmt: skip

    def chart(self) -> Markup:
        rows = [
            charts.Bar(named(self.t, names.LEFT_ALONE, row.why), row.users, self.t.count(row.users))
            for row in self.facts.left_alone
        ]
        return charts.bars(self.title(), rows)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        for row in self.facts.left_alone:
            yield named(self.t, names.LEFT_ALONE, row.why), self.t.count(row.users), self.t.money(row.amount)
