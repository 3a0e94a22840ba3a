"""The meaning of words in a consents table, in English, German and Chinese.

A word that is not listed is unknown: a yes with it has no effect, a no with it ends consent wherever it may apply. So
words with several meanings (mail, phone, newsletter) are left out on purpose, and so is a purpose of `all`: a consent
to everything at once is no consent to direct marketing (GDPR, recital 32).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from churn_assets.contracts.blanks import BLANKS
from churn_assets.contracts.channels import CHANNEL_NAMES

ALL, OTHER = "all", "other"
PURPOSE = "direct_marketing"
IGNORED = "_-/:\u2010\u2011\u2012\u2013\u2014"  # besides blanks

CHANNEL_WORDS: Mapping[str, str] = {
    word: meaning
    for meaning, words in {
        **CHANNEL_NAMES,
        ALL: ("all", "any", "every", "everything", "all channels", "every channel", "*", "alle", "全部", "所有",
              "全渠道"),
        OTHER: ("post", "postal", "postal mail", "letter", "direct mail", "fax", "whatsapp", "wechat", "微信", "line",
                "telegram", "messenger", "in app", "in store"),
    }.items()
    for word in words
}  # fmt: skip

PURPOSE_WORDS: Mapping[str, str] = {
    word: meaning
    for meaning, words in {
        PURPOSE: ("direct marketing", "marketing", "marketing communication", "marketing communications", "promotion",
                  "promotions", "promotional", "advertising", "ads", "werbung", "direktwerbung", "营销", "推广", "广告",
                  "直接营销"),
        OTHER: ("profiling", "analytics", "statistics", "personalisation", "personalization", "transactional",
                "service", "terms", "terms and conditions", "privacy policy", "cookies", "research", "data processing"),
    }.items()
    for word in words
}  # fmt: skip

YES_WORDS = (
    "true", "t", "1", "1.0", "yes", "y", "ja", "on", "granted", "grant", "given", "accepted", "accept", "agreed",
    "agree", "allowed", "allow", "consented", "consent", "opt in", "opted in", "in", "subscribed", "subscribe",
    "confirmed", "enabled", "是", "同意", "已同意", "订阅", "已订阅", "允许",
)  # fmt: skip


def simple(word: str) -> str:
    """Form for comparing words: lower case, without blanks, hyphens, underscores, slashes and invisible marks."""
    return re.sub(f"[{re.escape(BLANKS)}{re.escape(IGNORED)}]", "", word).lower()
