"""What is written to a user: the words of an arm with its slots filled. No address and no channel's own format here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from churn_assets.decisions.arms import Arm, Language


def rendered(
    arm: Arm, language: Language, level: str | None, items: Sequence[str], valid_until: date
) -> tuple[str, str] | None:
    """(subject, body) of the arm in a language; None when a slot has no value, such as a user without three items.

    An arm without texts gives empty ones: the side that sends has its own under the id of the template.
    """
    if not arm.texts:
        return "", ""
    text = arm.texts[language]
    values: dict[str, str | None] = {
        **{f"item_{place}": items[place - 1] if place <= len(items) else None for place in (1, 2, 3)},
        "level": level,
        "valid_until": valid_until.isoformat(),
    }
    if any(values[slot] is None for slot in text.slots):
        return None
    return text.subject.format(**values), text.body.format(**values)


def payload_of(values: Mapping[str, object]) -> str:
    """JSON with sorted keys and without spaces: the same content is the same bytes."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
