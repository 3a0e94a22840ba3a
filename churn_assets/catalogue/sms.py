"""How long a text message may be: one part, by the alphabet it needs (3GPP TS 23.038). A second part costs extra."""

from __future__ import annotations

from churn_assets.catalogue.slots import CODE, UNSUBSCRIBE

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPED = frozenset("^{}\\[~]|€\f")  # two characters each
GSM_PLACES, UNICODE_PLACES = 160, 70
# Stand-ins of the longest values, which are filled in when the message is sent.
LONGEST = {CODE: "C" * 16, UNSUBSCRIBE: "u" * 60}


def places(text: str) -> tuple[int, int]:
    """(characters that the text takes, characters of one part)."""
    for slot, stand_in in LONGEST.items():
        text = text.replace(f"{{{slot}}}", stand_in)
    if set(text) <= GSM | ESCAPED:
        return sum(2 if letter in ESCAPED else 1 for letter in text), GSM_PLACES
    return len(text.encode("utf-16-le")) // 2, UNICODE_PLACES


def fits_one_sms(text: str) -> bool:
    """Whether the text is one message."""
    needed, available = places(text)
    return needed <= available
