"""The plans against doing nothing, chance and business as usual; groups for which an arm works, and when; policies in
waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from churn_assets.contracts.slot_effects import CHOICE
from churn_assets.report import names
from churn_assets.report.language import UNKNOWN
from churn_assets.report.names import named
from churn_assets.report.parts.part import Part


@dataclass(frozen=True)
class ComparedPart(Part):
    def lines(self) -> list[str]:
        t, compared = self.t, self.facts.compared
        sides = [
            t(
                "Against {side}: profit per user {margin}, {users} users against {others} in {weeks}; {verdict}.",
                side=named(t, names.SIDES, side.against), margin=self.estimate(side.margin, t.small_money),
                users=t.count(side.users), others=t.count(side.against_users),
                weeks=t.many("{n} week", "{n} weeks", side.weeks), verdict=named(t, names.SIDE_VERDICTS, side.verdict),
            )
            for side in compared.sides
        ]  # fmt: skip
        policies = [
            t("{policy} {status}.", policy=named(t, names.POLICIES, policy), status=named(t, names.PROMOTIONS, status))
            for policy, status in compared.policies
        ]
        return sides + policies

    def groups_title(self) -> str:
        proven = [group for group in self.facts.compared.groups if group.verdict in ("better", "worse")]
        if not proven:
            return self.t("For whom it works: nothing is proven yet")
        return self.t.many(
            "For whom it works: {n} group with a proven effect", "For whom it works: {n} groups with a proven effect",
            len(proven),
        )  # fmt: skip

    def headings(self) -> list[str]:
        t = self.t
        return [t("Group"), t("Arm"), t("Users"), t("Left alone"), t("Profit per user [95 %]"), t("Verdict")]

    def rows(self) -> Iterator[list[str]]:
        t = self.t
        for group in self.facts.compared.groups:
            known = {"segment": names.SEGMENTS, "channel": names.CHANNELS}.get(group.dimension, {})
            what = f"{named(t, names.GROUPS, group.dimension)}: {named(t, known, group.segment)}"
            yield [
                what, self.arm(group.treatment) if group.treatment else t("all arms"), t.count(group.users),
                t.count(group.control_users), self.estimate(group.margin, t.small_money),
                named(t, names.VERDICTS, group.verdict),
            ]  # fmt: skip

    def slots_title(self) -> str:
        own = [slot for slot in self.facts.compared.slots if slot.dimension == CHOICE]
        verdict = own[0].verdict if own else "unknown"
        return self.t(
            "When messages go out: the user's own best time {verdict}", verdict=named(self.t, names.VERDICTS, verdict)
        )

    def slot_headings(self) -> list[str]:
        t = self.t
        return [
            t("Sent"), t("Messages"), t("Sent at other times"), t("Went out at that time"),
            t("More of 100 opened [95 %]"), t("More of 100 visited [95 %]"), t("More of 100 stay [95 %]"),
            t("Profit per user [95 %]"), t("Verdict on opening"),
        ]  # fmt: skip

    def slot_rows(self) -> Iterator[list[str]]:
        t = self.t
        for slot in self.facts.compared.slots:
            shares = [
                UNKNOWN if each is None else self.estimate(each.times(100), self.signed)
                for each in (slot.opened, slot.visited, slot.retained)
            ]
            yield [
                named(t, names.SLOTS, slot.segment), t.count(slot.messages), t.count(slot.others),
                UNKNOWN if slot.in_slot is None else t.percent(slot.in_slot), *shares,
                self.estimate(slot.margin, t.small_money), named(t, names.VERDICTS, slot.verdict),
            ]  # fmt: skip
