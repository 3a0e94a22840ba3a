"""Base class and types of the sections of the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Days = Annotated[int, Field(gt=0, le=36_500)]


class Section(BaseModel):
    """No field but the stated ones; never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
