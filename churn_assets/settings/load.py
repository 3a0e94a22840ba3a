"""All settings, typed, with unit and reason: one YAML file (`churn.yaml` in the home) and environment overrides.

`CHURN__<SECTION>__<FIELD>` in the environment wins over the file, the file over the defaults in
sections.py, decisions.py, landing.py, model.py and alerts.py.
Nothing else in the project reads a configuration file, but for mapping.yaml (mapping.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as PydanticSettingsError

from churn_assets.failures import ODD, Failure
from churn_assets.settings.alerts import Alerts
from churn_assets.settings.decisions import Decisions
from churn_assets.settings.delivery import Delivery
from churn_assets.settings.landing import Landing
from churn_assets.settings.model import Profit, Training
from churn_assets.settings.names import BETWEEN, PREFIX, Sections, did_you_mean, meant, unread, variable_that_sets
from churn_assets.settings.sections import CalendarSection, Churn, Console, Features, Monitoring, Report, Scoring, Ui
from churn_assets.settings.wrong import UNKNOWN, Lines, got, name_of, near_field, place_of, said

OF_SECTION = 2  # parts of the name of a setting: section and field
MOST_LETTERS, MOST_VALUES = 1_000_000, 100_000  # a file with fifty arms and their texts in two languages has 60 KB


class SettingsError(Failure, ValueError, code="settings"):
    """A setting is wrong; the message names section, field, value and what is expected."""


class Settings(BaseSettings):
    """Everything that can be set. `home` is where this instance keeps its files (CHURN_HOME)."""

    model_config = SettingsConfigDict(
        env_prefix="CHURN__", env_nested_delimiter="__", env_parse_none_str="null", extra="forbid", frozen=True
    )

    landing: Landing = Landing()
    calendar: CalendarSection = CalendarSection()
    churn: Churn = Churn()
    features: Features = Features()
    training: Training = Training()
    profit: Profit = Profit()
    scoring: Scoring = Scoring()
    decisions: Decisions = Decisions()
    delivery: Delivery = Delivery()
    monitoring: Monitoring = Monitoring()
    report: Report = Report()
    console: Console = Console()
    ui: Ui = Ui()
    alerts: Alerts = Alerts()

    @model_validator(mode="after")
    def _somebody_fills_every_code(self) -> Self:
        """A code that the receiver of a webhook fills in cannot go to a mail server, which sends the text unchanged."""
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
    values = values_of(file)
    variables = EnvSettingsSource(Settings).env_vars
    sections = {name: type(field.default).model_fields for name, field in Settings.model_fields.items()}
    wrong = unread(variables, sections)
    try:
        settings = Settings(**values)
    except PydanticSettingsError as error:
        wrong |= {
            name: f"{name.upper()}: not JSON; lists are written as [7, 28], texts in them in double quotes"
            for name in sorted(variables)
            if name.startswith(PREFIX.lower()) and f'"{name.split(BETWEEN)[1]}"' in str(error)
        }
    except ValidationError as error:
        lines, texts = lines_of(file), {name.upper(): text or "" for name, text in variables.items()}
        wrong = dict(_line(each, lines, texts, sections) for each in error.errors()) | wrong
    if wrong:
        listed = "\n  ".join(wrong.values())
        raise SettingsError(f"Settings ({file} and {PREFIX} variables) are wrong; correct them:\n  {listed}")
    return settings


class _UniqueKeyLoader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Refuses a repeated key, of which PyYAML silently takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"{twice[0]} is there twice", node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _parsed(text: str) -> Any:
    """The values of a YAML text. Raises yaml.YAMLError on one that is far larger than settings are, or grows by aliases
    (a file of 1 KB can stand for a billion values), and ValueError on a number with thousands of digits.
    """
    if len(text) > MOST_LETTERS:
        raise yaml.YAMLError(f"it has {len(text):,} letters, and settings at most {MOST_LETTERS:,}")
    loader = _UniqueKeyLoader(text)
    try:
        node = loader.get_single_node()
        if node is not None and _size(node, {}) > MOST_VALUES:
            raise yaml.YAMLError(f"its aliases stand for more than {MOST_VALUES:,} values")
        return None if node is None else loader.construct_document(node)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
    finally:
        loader.dispose()


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Values in a node, each alias counted as often as it is used; one that holds itself counts as too many."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = MOST_VALUES + 1  # while it is counted
        parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
        sizes[id(node)] = 1 + sum(_size(part, sizes) for part in parts)
    return sizes[id(node)]


def values_of(file: Path) -> dict[str, Any]:
    """The values of the file, by section; empty without the file. Raises SettingsError."""
    misnamed = file.with_suffix(".yml")
    if misnamed.exists():
        raise SettingsError(f"{misnamed} is not read: settings are in {file.name}; rename it, or move it away.")
    if not file.exists():
        return {}
    if not (file.is_file() or file.is_dir()):  # of a folder the system says so by itself
        raise SettingsError(f"{file} {ODD}.")
    try:
        values = _parsed(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:  # its own text quotes the line, which may hold a password
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise SettingsError(f"{file} cannot be read as YAML: {error.problem}{line}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read as YAML: {error}") from error
    if not isinstance(values or {}, dict) or not all(isinstance(key, str) for key in values or {}):
        raise SettingsError(f"{file} cannot be read as YAML: sections with fields are expected, such as churn: {{...}}")
    return values or {}


def lines_of(file: Path) -> Lines:
    """The lines of a file whose values could be read; none without the file."""
    return Lines(file.name, file.read_text(encoding="utf-8") if file.is_file() else "")


def _line(error: ErrorDetails, lines: Lines, variables: Mapping[str, str], sections: Sections) -> tuple[str, str]:
    """Where the error lies, and the line about it: after the variable that sets it, or its place in the file."""
    loc, place, name = error["loc"], place_of(error), name_of(error["loc"])
    key = ".".join(map(str, loc))  # as names.unread has it
    section, field = (*map(str, place), "", "")[:OF_SECTION]
    variable = variable_that_sets(section, field, variables)
    at = f"{variable}: " if variable else lines.of(place)
    if error["type"] != UNKNOWN:
        return key, f"{at}{name}: {said(error)}{got(loc, error['input'])}"
    suggestion = meant(name, sections) if len(loc) <= OF_SECTION else near_field(Settings, loc)
    # The name is wrong, so it does not show whether a text is a password.
    shown = "" if isinstance(error["input"], str) else got(loc, error["input"])
    return key, f"{at}{name}: no such setting{did_you_mean(suggestion)}{shown}"
