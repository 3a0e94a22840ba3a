"""What has changed since the snapshot before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from churn_assets.report import charts
from churn_assets.report.parts.part import Part

MOST_SETTINGS, LONGEST_VALUE = 6, 60  # on the page; the whole is in monitoring.settings_used


@dataclass(frozen=True)
class Changes(Part):
    def title(self) -> str:
        moved = self.facts.movement
        if moved is None:
            return self.t("What changed: this is the first snapshot")
        return self.t(
            "What changed since {day}: {new} new alarms, {ended} ended",
            day=self.t.short_day(moved.before), new=self.t.count(moved.new_alarms),
            ended=self.t.count(moved.ended_alarms),
        )  # fmt: skip

    def lines(self) -> list[str]:
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
        return [*lines, *self._settings()]

    def _settings(self) -> Iterator[str]:
        t, changed = self.t, self.facts.settings_changed
        if changed is None:
            return
        if not changed:
            yield t("No setting changed.")
            return
        shown = [f"{name}: {_shortened(then)} → {_shortened(now)}" for name, then, now in changed[:MOST_SETTINGS]]
        more = len(changed) - len(shown)
        yield t("Settings changed: {settings}.", settings="; ".join(shown))
        if more:
            yield t.many("{n} more setting changed.", "{n} more settings changed.", more)

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

    def weeks(self) -> Iterator[list[str]]:
        t = self.t
        for week in self.facts.weeks:
            yield [
                t.short_day(week.snapshot), t.count(week.alarms), t.money(week.amount), t.count(week.messages),
                t.money(week.cost),
            ]  # fmt: skip


def _shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
