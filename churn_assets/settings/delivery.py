"""The section of the settings about delivery: which adapter hands over the messages of a channel, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.settings.names import did_you_mean
from churn_assets.settings.receivers import (
    ADDRESS,
    checked_sender,
    checked_unsubscribe_url,
    checked_url,
    signing_key,
)
from churn_assets.settings.section import Section
from churn_assets.settings.services import NAME, Service

# Adapters with code of their own, and the channels of each; others are declared in `services`.
BUILT_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "smtp": ("email",), "webhook": SENDING_CHANNELS, "file": ("call",),
}  # fmt: skip


class Delivery(Section):
    """Which adapter hands the messages of a channel over; null: the channel's messages are not sent."""

    email: str | None = Field(
        None, description="Who takes e-mail: smtp, webhook or one of services; null: it is not sent."
    )
    sms: str | None = Field(None, description="Who takes text messages: webhook or one of services; null: nobody.")
    push: str | None = Field(None, description="Who takes push messages: webhook or one of services; null: nobody.")
    call: str | None = Field(
        "file", description="file: a CSV per dispatch for a call centre; or webhook, or one of services."
    )
    services: Mapping[str, Service] = Field(
        default_factory=dict, description="Sending sides by HTTP, by name: where to, how it is written, what is secret."
    )
    webhook_url: str | None = Field(None, description="Where messages are posted, signed by Standard Webhooks.")
    webhook_secret: SecretStr | None = Field(None, description="whsec_...; best by CHURN__DELIVERY__WEBHOOK_SECRET.")
    smtp_host: str | None = Field(None, description="Name of the mail server.")
    smtp_port: int = Field(587, ge=1, le=65_535, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="none: on this machine only.")
    smtp_username: str | None = Field(None, description="Who logs in there; null: nobody has to.")
    smtp_password: SecretStr | None = Field(None, description="Best by CHURN__DELIVERY__SMTP_PASSWORD.")
    sender: str | None = Field(None, description="Address that e-mails come from.")
    unsubscribe_url: str | None = Field(
        None, description="One-click address with {message_key}; what arrives there goes to churn unsubscribe."
    )
    erasure_contact: str | None = Field(
        None, description="Address, of who runs the mail server, that is asked to erase whom churn erase has erased."
    )
    attempts: int = Field(4, ge=1, le=20, description="Tries per message within one dispatch, where repeats are safe.")
    timeout_seconds: float = Field(
        10.0, gt=0, le=300, description="A mail server or webhook that does not answer by then is tried again."
    )
    private_hosts: tuple[str, ...] = Field(
        (),
        description="Names of mail servers and webhooks that may be machines inside (10.1.2.3, a cloud's metadata "
        "service); without, only the internet and, where it is named, this machine are sent to.",
    )
    dispatch_minutes: float = Field(
        120.0, gt=0, le=1440, description="A dispatch ends after so long; the next one sends what is left."
    )
    stall_minutes: float = Field(
        2.0, gt=0, le=1440, description="A dispatch ends where nothing was taken for so long: the receiver is down."
    )

    def adapters(self) -> dict[str, str | None]:
        """The adapter of each channel, by its own field."""
        return {channel: getattr(self, channel) for channel in SENDING_CHANNELS}

    @field_validator("services")
    @classmethod
    def _have_names(cls, services: Mapping[str, Service]) -> Mapping[str, Service]:
        for name in services:
            if not NAME.fullmatch(name) or name in BUILT_IN:
                raise ValueError(
                    f"services: {name!r} cannot be its name: give small letters and digits, and none of "
                    f"{', '.join(BUILT_IN)}"
                )
        return services

    @model_validator(mode="after")
    def _adapters_exist(self) -> Self:
        for channel, adapter in self.adapters().items():
            known = [name for name, channels in BUILT_IN.items() if channel in channels] + sorted(self.services)
            if adapter is not None and adapter not in known:
                near = next(iter(get_close_matches(adapter, known, n=1)), None)
                raise ValueError(f"{channel}: {adapter!r} takes none{did_you_mean(near)}; there are {', '.join(known)}")
            service = self.services.get(adapter or "")
            if channel == "email" and service and not service.unsubscribes:
                if "unsubscribe_url" not in service.send.slots():
                    raise ValueError(
                        f"services.{adapter}: an e-mail needs a way to leave: put {{unsubscribe_url}} into send, or "
                        "state unsubscribes: true where the service adds its own"
                    )
                if self.unsubscribe_url is None:
                    raise ValueError(f"services.{adapter} uses {{unsubscribe_url}}, so unsubscribe_url must be set")
        return self

    @model_validator(mode="after")
    def _adapters_are_complete(self) -> Self:
        used = set(self.adapters().values())
        needed = {"webhook": ("webhook_url", "webhook_secret"), "smtp": ("smtp_host", "sender", "unsubscribe_url")}
        for adapter, names in needed.items():
            missing = [name for name in names if getattr(self, name) is None]
            if adapter in used and missing:
                raise ValueError(f"a channel uses {adapter}, so {', '.join(missing)} must be set")
        return self

    @field_validator("webhook_url")
    @classmethod
    def _leads_somewhere(cls, url: str | None) -> str | None:
        return url if url is None else checked_url("webhook_url", url)

    @field_validator("webhook_secret")
    @classmethod
    def _is_a_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            signing_key(secret.get_secret_value())
        return secret

    @field_validator("sender")
    @classmethod
    def _is_one_address(cls, sender: str | None) -> str | None:
        if sender is not None:
            checked_sender(sender)
        return sender

    @field_validator("erasure_contact")
    @classmethod
    def _is_a_plain_address(cls, address: str | None) -> str | None:
        if address is not None and not ADDRESS.fullmatch(address):
            raise ValueError("erasure_contact: give one plain e-mail address")
        return address

    @field_validator("unsubscribe_url")
    @classmethod
    def _can_be_clicked(cls, url: str | None) -> str | None:
        return url if url is None else checked_unsubscribe_url(url)

    @field_validator("private_hosts")
    @classmethod
    def _in_lower_case(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.lower() for host in hosts)
