"""The sections of the settings about actions: who gets what, and how it is delivered. The others: sections.py."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from churn_assets.catalogue.arms import Arm, Language, RiskTier
from churn_assets.catalogue.defaults import NO_PRODUCTS, default_arms
from churn_assets.contracts.channels import SENDING_CHANNELS, Channel
from churn_assets.settings.landing import existing_zone
from churn_assets.settings.receivers import (
    ADDRESS,
    checked_sender,
    checked_unsubscribe_url,
    checked_url,
    signing_key,
)
from churn_assets.settings.section import Days, Money, Section, Share

Places = Annotated[int, Field(ge=0)]
Draw = Literal["lasting", "each_snapshot"]


class Decisions(Section):
    budget_amount: Money = Field(1000.0, description="Money per snapshot, in the currency of orders.amount.")
    margin_share: Share = Field(
        0.3, description="Margin in what users spend: a user kept brings this share of the value at risk."
    )
    policy: Literal["rules", "value", "learned"] = Field(
        "learned",
        description="rules: an arm must answer the user's main reason, or the next; value: any arm, as gain decides; "
        "learned: the same by measured effects (effects.user_effects), as far as there are any.",
    )
    policy_promotion: Literal["approved", "automatic"] = Field(
        "approved",
        description="Whether a policy that is proven to earn more (interventions.policy_promotions) makes the plans at "
        "once, or waits for churn promote-policy.",
    )
    holdout_share: Share = Field(0.1, description="Universal holdout: never treated, for ever the same users.")
    holdout_draw: Draw = Field(
        "lasting",
        description="each_snapshot: the holdout is drawn anew every time; then nobody is left alone for ever.",
    )
    usual_share: Share = Field(
        0.0,
        le=0.5,
        description="Business as usual: share of the users outside the holdout who get what usual_policy intends, "
        "with this share of every limit, so that the policy in use can be compared with it.",
    )
    usual_policy: Literal["rules", "none"] = Field(
        "rules", description="What would have been sent without the policy in use; none: nothing."
    )
    usual_draw: Draw = Field("lasting", description="Whether it is the same users for ever or drawn anew every time.")
    exploration_share: Share = Field(0.0, description="Of the users a rule would treat, left alone at random.")
    random_share: Share = Field(
        0.1,
        description="Of the users with an open option, given one of their options or none by chance, drawn anew at "
        "every snapshot: what other arms and policies would earn is learned from them.",
    )
    random_limit_share: Share = Field(
        0.2, description="Of the budget and of every other limit, what the users of random_share may use at most."
    )
    sampled_share: Share = Field(
        0.0,
        description="Of the users with an open option, given one of them, or none, as often as it is likely to be the "
        "best for them by what is known (Thompson sampling), drawn anew at every snapshot.",
    )
    sampled_limit_share: Share = Field(
        0.2, description="Of the budget and of every other limit, what the users of sampled_share may use at most."
    )
    sampled_floor_share: Share = Field(
        0.2, gt=0, description="Of the chance of these users, what all their options and none share equally."
    )
    random_draw: Draw = Field(
        "each_snapshot", description="Whether the users of random_share are the same for ever; options are drawn anew."
    )
    salt: str = Field("churn-assets", min_length=1, description="Salt of the stable hash; changing it redraws sides.")
    randomise_by: Literal["user", "household", "device"] = Field(
        "user", description="Who is left alone together (users.household_id, users.device_id; unknown: the user)."
    )
    max_risk_tiers: tuple[RiskTier, ...] = Field(
        ("urgent", "watch", "small"), description="Tiers that may be treated, unless an arm says otherwise."
    )
    unknown_consent: Literal["deny", "allow"] = Field(
        "deny", description="What a channel without any recorded consent means: silence is no consent."
    )
    max_contacts: int = Field(4, ge=1, description="Messages to one user within max_contacts_days, all arms together.")
    max_contacts_days: Days = Field(28, description="Days over which they are counted.")
    channel_capacities: dict[Channel, Places] = Field({}, description="Users per snapshot and channel at most.")
    fairness_floor_share: Share = Field(
        0.0,
        description="Users of every group by age, gender or region for whom an arm pays are given one at least this "
        "share as often as all users are; 0: no floor.",
    )
    time_zone: str = Field("UTC", description="Of quiet hours and send slots, such as Asia/Shanghai.")
    waiting: Literal["off", "learned"] = Field(
        "off",
        description="learned: a user with a message within rest_days gets none where it is worth more after that, by "
        "what messages to such users lost so far; without evidence nobody waits.",
    )
    rest_days: Days = Field(14, description="After a message, until a user counts as rested.")
    send_slots: Literal["off", "learned"] = Field(
        "off",
        description="learned: a message goes out on the weekday and in the part of the day (in time_zone) in which its "
        "user comes and opens, and in another one at times; off: as early as it may.",
    )
    send_slot_floor_share: Share = Field(
        0.2, gt=0, description="Of the chance of a message's slots, what all of them share equally."
    )
    language: Language = Field("en", description="Of the texts.")
    automatic_approval_amount: Money = Field(
        0.0, description="A plan whose expected cost is at most this needs nobody's approval; 0: every plan does."
    )
    arms: tuple[Arm, ...] = Field(
        default_factory=default_arms, description="Arms catalogue; empty: everybody is left alone."
    )

    no_products: tuple[str, ...] = Field(
        NO_PRODUCTS,
        description="Items of orders that are no products and are never recommended: ids or whole names. What is in "
        "most orders, without a category or nearly free (two of the three) is left out as well.",
    )

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        return existing_zone(name)

    @model_validator(mode="after")
    def _unique_arms(self) -> Self:
        ids = [arm.arm for arm in self.arms]
        if len(set(ids)) != len(ids):
            raise ValueError(f"arm ids must be unique, got {ids}")
        mute = [arm.arm for arm in self.arms if arm.texts and self.language not in arm.texts]
        if mute:
            raise ValueError(
                f"arm {mute[0]!r} has no text in decisions.language {self.language!r}; add it or use another"
            )
        return self


class Delivery(Section):
    """Which adapter hands the messages of a channel over; null: the channel's messages are not sent."""

    email: Literal["smtp", "webhook"] | None = Field(None, description="Who takes e-mail; null: it is not sent.")
    sms: Literal["webhook"] | None = Field(None, description="Who takes text messages; null: they are not sent.")
    push: Literal["webhook"] | None = Field(None, description="Who takes push messages; null: they are not sent.")
    call: Literal["file", "webhook"] | None = Field("file", description="file: a CSV per dispatch for a call centre.")
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
