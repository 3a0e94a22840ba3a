"""All settings, typed, with unit and reason: one YAML file (`churn.yaml` in the home) and environment overrides.

`CHURN__<SECTION>__<FIELD>` in the environment wins over the file, the file over the defaults in sections.py,
sections_decisions.py and sections_model.py.
Nothing else in the project reads a configuration file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

from churn_assets.sections import (
    Calendar,
    Churn,
    Definition,
    Features,
    Monitoring,
    Scoring,
)  # fmt: skip
from churn_assets.sections_decisions import Decisions, Delivery
from churn_assets.sections_landing import Landing
from churn_assets.sections_model import Profit, Training

__all__ = [
    "Calendar", "Churn", "Decisions", "Definition", "Delivery", "Features", "Landing", "Monitoring", "Profit",
    "Scoring", "Settings", "SettingsError", "Training", "load_settings",
]  # fmt: skip


SECRETS = ("_secret", "_password", "_url", "_uri")


class SettingsError(ValueError):
    """A setting is wrong; the message names section, field, value and what is expected."""


class Settings(BaseSettings):
    """Everything that can be set. `home` is where this instance keeps its files (CHURN_HOME)."""

    model_config = SettingsConfigDict(
        env_prefix="CHURN__", env_nested_delimiter="__", env_parse_none_str="null", extra="forbid", frozen=True
    )

    landing: Landing = Landing()
    calendar: Calendar = Calendar()
    churn: Churn = Churn()
    features: Features = Features()
    training: Training = Training()
    profit: Profit = Profit()
    scoring: Scoring = Scoring()
    decisions: Decisions = Decisions()
    delivery: Delivery = Delivery()
    monitoring: Monitoring = Monitoring()

    @model_validator(mode="after")
    def _somebody_fills_every_code(self) -> Self:
        """What the receiver of a webhook fills in cannot go to a mail server, which sends it as it is."""
        for arm in self.decisions.arms:
            adapter = getattr(self.delivery, arm.channel, None)
            if arm.code == "receiver" and adapter not in (None, "webhook"):
                raise ValueError(
                    f"arm {arm.arm!r}: code receiver leaves {{code}} to the receiver of a webhook, and delivery."
                    f"{arm.channel} is {adapter}: use webhook, or code pool with the raw table coupon_codes"
                )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load_settings(file: Path) -> Settings:
    """Settings from `file` (absent or empty: defaults) and the environment; raises SettingsError in one message."""
    try:
        values = YamlConfigSettingsSource(Settings, yaml_file=file)() if file.exists() else {}
        return Settings(**values)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}{_got(e['loc'], e['input'])}"
            for e in error.errors()
        ]
        raise SettingsError(f"Settings ({file} and CHURN__ variables) are wrong:\n  " + "\n  ".join(lines)) from error
    except Exception as error:  # the YAML parser's own error classes are not public
        raise SettingsError(f"{file} cannot be read as YAML: {error}") from error


def _got(place: tuple[int | str, ...], value: object) -> str:
    """The value that is wrong; never one that may hold a password, nor a whole section, which may as well."""
    is_secret = bool(place) and str(place[-1]).endswith(SECRETS)
    return "" if is_secret or isinstance(value, dict | BaseModel) else f" (got {value!r})"
