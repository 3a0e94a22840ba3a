"""The channels: the one list of what a user can be reached by, in the order of columns, and what belongs to each.

Who hands the messages of a channel over is a setting: settings/decisions.py, `Delivery`, one field per channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

SendingChannel = Literal["email", "sms", "push", "call"]
SENDING_CHANNELS: Final[tuple[str, ...]] = get_args(SendingChannel)
Channel = Literal[SendingChannel, "none"]
NO_CHANNEL: Final = "none"  # done, but nothing is sent
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)

# The column of the raw table users that an adapter here needs; who takes push messages knows the device itself.
ADDRESS_COLUMNS: Final[Mapping[str, str]] = {"email": "email", "sms": "phone", "call": "phone"}

# What consents call a channel, in English, German and Chinese; how words are compared: consent/words.py.
CHANNEL_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("email", "emails", "email address", "electronic mail", "邮件", "电子邮件", "电邮", "邮箱"),
    "sms": ("sms", "text message", "text messages", "txt", "短信", "短訊"),
    "push": ("push", "push notification", "push notifications", "app push", "web push", "推送", "消息推送"),
    "call": ("call", "calls", "phone call", "phone calls", "telephone call", "voice call", "电话", "电话营销"),
}
