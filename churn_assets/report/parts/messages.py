"""Messages as users will read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from churn_assets.report import names
from churn_assets.report.names import named
from churn_assets.report.parts.part import Part
from churn_assets.report.samples import Sample


@dataclass(frozen=True)
class Messages(Part):
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

    def _lint(self, samples: Sequence[Sample]) -> str:
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
        return self.blank().join(parts)
