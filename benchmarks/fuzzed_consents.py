"""A consents table made at random in the words of many shops, and what each row has to be read as."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.packing import packed

# Word -> what it means; None: nobody knows. A no of unknown meaning ends whatever it may mean.
CHANNELS: Mapping[str, str | None] = {
    "email": "email", "E-Mail": "email", " e_mail": "email", "EMAILS": "email", "邮件": "email", "ALL": "all",
    "All channels": "all", "*": "all", "sms": "sms", "Text message": "sms", "push": "push", "Phone-Call": "call",
    "WhatsApp": "other", "fax": "other", "mail": None, "newsletter": None, "": None, "NULL": None, "email,sms": None,
}  # fmt: skip
PURPOSES: Mapping[str, str | None] = {
    "direct_marketing": "direct_marketing", "Direct Marketing": "direct_marketing", "MARKETING": "direct_marketing",
    "promotions": "direct_marketing", "营销": "direct_marketing", "profiling": "other", "Terms": "other", "": None,
    "crm": None, "all": None,
}  # fmt: skip
YES = ("true", "TRUE", "1", "1.0", "Yes", "y", "opt-in", "Granted", "subscribed", "同意")
NO = ("false", "0", "0.0", "No", "n", "off", "withdrawn", "unsubscribed", "opt-out", "", "NULL", "maybe", "2", "不同意")
TIMES = ("2026-06-01", "2026-06-01 10:00:00", "2026-06-01T10:00:00+08:00", "2026-06-01 10:00:00 -0500")
NO_TIMES = ("", "soon", "26-06-01", "1970-01-01")
Meaning = tuple[str, bool | None, bool | None]  # user, email_consent, all_consent


def fuzzed_consents(folder: Path, encoding: str, chance: random.Random) -> Counter[Meaning]:
    """Write `consents/` into a landing; returns how often each meaning has to be read, refused rows left out."""
    rows, meanings = [], Counter[Meaning]()
    for number in range(chance.randint(5, 60)):
        user = f"c{number % 17}"
        (channel, channel_meant), (purpose, purpose_meant) = (
            chance.choice(list(words.items())) for words in (CHANNELS, PURPOSES)
        )
        is_yes = chance.random() < 0.5
        at = chance.choice(TIMES if chance.random() < 0.8 else NO_TIMES)
        said = chance.choice(YES if is_yes else NO)
        rows.append({"user_id": user, "channel": channel, "purpose": purpose, "is_granted": said, "changed_at": at})
        if not is_yes or (at in TIMES and channel_meant and purpose_meant):  # else a yes that gives nothing: refused
            meanings[meant(user, channel_meant, purpose_meant, is_yes=is_yes)] += 1
    _write(folder / "consents", rows, encoding, chance)
    return meanings


def meant(user: str, channel: str | None, purpose: str | None, *, is_yes: bool) -> Meaning:
    """A yes whose words are all known gives what it says; a no ends whatever it may mean."""
    if purpose == "other" or channel == "other":
        return user, None, None
    return user, is_yes if channel in ("email", "all", None) else None, is_yes if channel == "all" else None


def _write(folder: Path, rows: list[dict[str, str]], encoding: str, chance: random.Random) -> None:
    folder.mkdir(parents=True)
    form = chance.choice(["csv", "ndjson"])
    ending = chance.choice(["", ".gz", ".zst"] if encoding == "utf-8" or form == "ndjson" else ["", ".gz"])
    if form == "ndjson":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        text = buffer.getvalue()
    (folder / f"said.{form}{ending}").write_bytes(
        packed(text.encode("utf-8" if form == "ndjson" else encoding), f"said.{form}{ending}")
    )
