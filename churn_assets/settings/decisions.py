"""The sections of the settings about actions: who gets what, and how it is delivered. The others: sections.py."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from churn_assets.catalogue.arms import Arm, Language, RiskTier
from churn_assets.catalogue.defaults import NO_PRODUCTS, default_arms
from churn_assets.contracts.channels import Channel
from churn_assets.settings.landing import existing_zone
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
        "what messages to such users lost so far; without evidence nobody waits, nor anybody for more than rest_days "
        "in a row.",
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
