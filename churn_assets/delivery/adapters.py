"""The adapters that the settings ask for, by channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from churn_assets.delivery.call_file import CallFileAdapter
from churn_assets.delivery.channels import Adapter
from churn_assets.delivery.declared import DeclaredAdapter
from churn_assets.delivery.smtp import SmtpAdapter
from churn_assets.delivery.webhook import WebhookAdapter
from churn_assets.failures import Failure
from churn_assets.settings.delivery import Delivery

NEED_ADDRESS = ("smtp", "file")


class AdapterError(Failure, ValueError, code="receivers"):
    """The adapter of a channel cannot work with its settings; the message names it and what to change."""


def adapter_names(settings: Delivery) -> dict[str, str]:
    """Adapter by channel; channels without one are left out."""
    return {channel: name for channel, name in settings.adapters().items() if name}


def channels_needing_address(settings: Delivery) -> set[str]:
    """Channels whose adapter needs an address; the receiver of a webhook knows the addresses of its users."""
    needing = {*NEED_ADDRESS, *(name for name, service in settings.services.items() if service.needs_address)}
    return {channel for channel, name in adapter_names(settings).items() if name in needing}


def open_adapters(settings: Delivery, folder: Path, name: str) -> dict[str, Adapter]:
    """The adapters by channel; `folder` and `name` are for the call file. Raises AdapterError."""
    opened: dict[str, Adapter] = {}
    for kind in sorted(set(adapter_names(settings).values())):
        opened[kind] = open_adapter(kind, settings, folder, name)
    return {channel: opened[kind] for channel, kind in adapter_names(settings).items()}


@contextmanager
def closed_afterwards(adapters: Mapping[str, Adapter]) -> Iterator[None]:
    """Close all adapters after the block, even where it or another close fails."""
    with ExitStack() as stack:
        for adapter in adapters.values():
            stack.enter_context(closing(adapter))
        yield


def open_adapter(kind: str, settings: Delivery, folder: Path, name: str) -> Adapter:
    """One adapter by its name. Raises AdapterError."""
    try:
        return _open(kind, settings, folder, name)
    except ValueError as error:
        raise AdapterError(f"delivery: the adapter {kind} cannot work: {error} (section delivery)") from error


def _open(kind: str, settings: Delivery, folder: Path, name: str) -> Adapter:
    if kind == "webhook":
        return WebhookAdapter(
            settings.webhook_url or "",
            settings.webhook_secret.get_secret_value() if settings.webhook_secret else "",
            timeout_seconds=settings.timeout_seconds,
            attempts=settings.attempts,
            private_hosts=settings.private_hosts,
        )
    if kind == "smtp":
        return SmtpAdapter(
            settings.smtp_host or "",
            settings.smtp_port,
            settings.sender or "",
            settings.unsubscribe_url or "",
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
            security=settings.smtp_security,
            timeout_seconds=settings.timeout_seconds,
            private_hosts=settings.private_hosts,
        )
    if kind in settings.services:
        return DeclaredAdapter(
            kind,
            settings.services[kind],
            settings.unsubscribe_url,
            timeout_seconds=settings.timeout_seconds,
            attempts=settings.attempts,
            private_hosts=settings.private_hosts,
        )
    return CallFileAdapter(folder, name)
