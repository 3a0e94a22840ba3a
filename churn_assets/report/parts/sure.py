"""How sure all of it is: the model, its past, what is expected, and the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from churn_assets.report import names
from churn_assets.report.language import UNKNOWN
from churn_assets.report.names import named
from churn_assets.report.parts.part import Part


@dataclass(frozen=True)
class Sure(Part):
    def lines(self) -> list[str]:
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
