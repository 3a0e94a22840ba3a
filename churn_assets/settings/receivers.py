"""What a receiver's address may look like: checked with the settings, before a dispatch begins."""

from __future__ import annotations

import binascii
import re
from email.utils import getaddresses
from ipaddress import ip_address
from urllib.parse import urlsplit

KEY_PLACE = "{message_key}"  # in delivery.unsubscribe_url
# One address in ASCII: a second one, a name, a comment or a line break could send the mail elsewhere.
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9.-]*[a-z0-9]", re.ASCII | re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
KEY_BYTES = range(24, 65)
NO_KEY = "the webhook's secret is none of Standard Webhooks: give whsec_ and 24 to 64 random bytes in base64"


def is_loopback(host: str | None) -> bool:
    """Whether the host is this machine, by its name alone, without a lookup."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def checked_url(name: str, url: str) -> str:
    """The URL, if it may carry what is private. Raises ValueError, which does not repeat it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{name} cannot be read: give https://host/path") from None
    if not host or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise ValueError(f"{name} cannot be read: give https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{name} holds a name or password before the host: nothing of it is read; leave it out")
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise ValueError(f"{name} is not https, which only a receiver on this machine (127.0.0.1) may do without")
    return url


def signing_key(secret: str) -> bytes:
    """The key of a secret of Standard Webhooks. Raises ValueError, which does not repeat it."""
    text = secret.removeprefix("whsec_")
    try:
        key = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError:
        raise ValueError(NO_KEY) from None
    if len(key) not in KEY_BYTES:
        raise ValueError(NO_KEY)
    return key


def checked_sender(text: str) -> tuple[str, str]:
    """Name and address of a sender. Raises ValueError."""
    addresses = getaddresses([text])
    name, spec = addresses[0] if len(addresses) == 1 else ("", "")
    if CONTROL.search(text) or not ADDRESS.fullmatch(spec):
        raise ValueError("the sender is not one e-mail address: give shop@example.com or Shop <shop@example.com>")
    return name, spec


def checked_unsubscribe_url(url: str) -> str:
    """The URL, if a mail program can unsubscribe by it. Raises ValueError."""
    if KEY_PLACE not in url or not re.fullmatch(r"[!-;=?-~]+", url):
        raise ValueError(f"unsubscribe_url: give an ASCII URL that holds {KEY_PLACE}, so that a click says whose it is")
    parts = urlsplit(url)
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise ValueError("unsubscribe_url: RFC 8058 asks for https; http is for a server on this machine (127.0.0.1)")
    return url
