"""The text of a message in one language: subject and body with slots. The check of its promises: promises.py."""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from churn_assets.catalogue.slots import ITEM_SLOTS, parts_of


class Text(BaseModel):
    """One text in one language; `{viewed_1}` and the like are slots, filled per user when the message is planned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = ""
    body: str = Field(min_length=1)

    @cached_property
    def slots(self) -> frozenset[str]:
        """Names of the slots used. Raises ValueError on braces that are no slot."""
        return frozenset(name for text in (self.subject, self.body) for _, name in parts_of(text) if name is not None)

    @cached_property
    def item_slots(self) -> frozenset[str]:
        """The slots that name an item."""
        return self.slots & ITEM_SLOTS.keys()
