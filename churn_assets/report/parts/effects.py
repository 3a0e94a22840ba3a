"""What messages did, a line per week, and what the whole programme did against its holdout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import Any

from churn_assets.report import charts, names
from churn_assets.report.estimate import Estimate
from churn_assets.report.language import MINUS, UNKNOWN
from churn_assets.report.measured import ArmEffect, Week
from churn_assets.report.names import named
from churn_assets.report.parts.part import Part

LONGEST_LABEL = 10  # of a line in a plot


@dataclass(frozen=True)
class Effects(Part):
    def title(self) -> str:
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

    def headings(self) -> list[str]:
        t = self.t
        return [
            t("Arm"), t("Weeks"), t("Users"), t("Left alone"), t("More of 100 stay [95 %]"),
            t("Profit per user [95 %]"), t("Margin per 1 spent [95 %]"), t("Verdict"),
        ]  # fmt: skip

    def rows(self) -> Iterator[list[tuple[str, str, bool]]]:
        """Per arm: heading, text, and whether it is a number."""
        t, labels = self.t, self.headings()
        for arm in self.facts.effects:
            kept = arm.retained
            texts = [
                self.arm(arm.treatment), t.count(arm.weeks), t.count(arm.users), t.count(arm.control_users),
                UNKNOWN if kept is None else self.estimate(kept.times(100), self.signed),
                self.estimate(arm.margin, t.small_money),
                self.estimate(arm.returned, lambda ratio: t.number(ratio, 1)),
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
