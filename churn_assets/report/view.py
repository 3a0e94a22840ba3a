"""The page of a snapshot in one language: its parts, in the order in which they are read."""

from __future__ import annotations

from churn_assets.report.facts import Facts
from churn_assets.report.language import Words
from churn_assets.report.parts.changes import Changes
from churn_assets.report.parts.compared import ComparedPart
from churn_assets.report.parts.effects import Effects
from churn_assets.report.parts.left_alone import LeftAlonePart
from churn_assets.report.parts.messages import Messages
from churn_assets.report.parts.opening import Opening
from churn_assets.report.parts.plan import PlanPart
from churn_assets.report.parts.reasons import Reasons
from churn_assets.report.parts.sure import Sure


class View:
    """`facts` and `t` are there for what the template asks of them itself."""

    def __init__(self, facts: Facts, t: Words) -> None:
        self.facts, self.t = facts, t
        self.opening = Opening(facts, t)
        self.plan = PlanPart(facts, t)
        self.messages = Messages(facts, t)
        self.left = LeftAlonePart(facts, t)
        self.reasons = Reasons(facts, t)
        self.effects = Effects(facts, t)
        self.compared = ComparedPart(facts, t)
        self.changes = Changes(facts, t)
        self.sure = Sure(facts, t)
