"""The channels: the only list of them, in the order of columns, with address columns and names.

The adapter that sends the messages of a channel is a setting: settings/delivery.py, `Delivery`, one field per channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

SendingChannel = Literal["email", "sms", "push", "call"]
SENDING_CHANNELS: Final[tuple[str, ...]] = get_args(SendingChannel)
Channel = Literal[SendingChannel, "none"]
NO_CHANNEL: Final = "none"  # the arm is carried out, but nothing is sent
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)

# Messages that go out when somebody's turn comes, and not at an hour that a plan can choose.
BY_TURN: Final[tuple[SendingChannel, ...]] = ("call",)

# The column of the raw table users that the adapter of a channel needs; push services know the devices themselves.
ADDRESS_COLUMNS: Final[Mapping[str, str]] = {"email": "email", "sms": "phone", "call": "phone"}

# Names of a channel in consents, in English, German and Chinese; how names are compared: consent/words.py.
CHANNEL_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("email", "emails", "email address", "electronic mail", "邮件", "电子邮件", "电邮", "邮箱"),
    "sms": ("sms", "text message", "text messages", "txt", "短信", "短訊"),
    "push": ("push", "push notification", "push notifications", "app push", "web push", "推送", "消息推送"),
    "call": ("call", "calls", "phone call", "phone calls", "telephone call", "voice call", "电话", "电话营销"),
}
