"""What is said to a user in one language: subject and body with slots. Whether it keeps its word: promises.py."""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from churn_assets.catalogue.slots import ITEM_SLOTS, parts_of


class Text(BaseModel):
    """Words of one language; `{viewed_1}` and the like are slots, filled per user when the message is planned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = ""
    body: str = Field(min_length=1)

    @cached_property
    def slots(self) -> frozenset[str]:
        """Names of the slots used. Raises ValueError where braces are no slot."""
        return frozenset(name for text in (self.subject, self.body) for _, name in parts_of(text) if name is not None)

    @cached_property
    def item_slots(self) -> frozenset[str]:
        """Those that name an item."""
        return self.slots & ITEM_SLOTS.keys()
