"""The arguments of dbt, as far as `churn dbt` has to understand them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import yaml

from churn_assets.failures import Failure

# Commands of dbt 1.11 by what they do with the warehouse. Others are passed on to dbt, which refuses them.
APART = ("parse", "list", "ls", "deps", "clean", "init", "serve")
READING = ("compile", "show", "docs", "generate", "source", "freshness", "debug")
WRITING = ("build", "run", "test", "seed", "snapshot", "retry", "run-operation")
REFUSED = {"clone": "a home has one warehouse; copy the home instead"}
BEFORE = ("--home", "--snapshot")
OURS = ("--project-dir", "--profiles-dir", "--profile", "--target", "-t")
FULL_REFRESH = ("--full-refresh", "-f")
YES = ("1", "t", "true", "y", "yes", "on")


class DbtRefused(Failure, ValueError, code="dbt"):
    """The dbt command would leave the home inconsistent; nothing was changed."""


@dataclass(frozen=True)
class DbtArguments:
    """`rest` is everything but `--vars`, whose content is `variables`."""

    command: str
    rest: tuple[str, ...]
    variables: Mapping[str, Any]
    is_full_refresh: bool

    @classmethod
    def of(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Raises DbtRefused for arguments that `churn dbt` does not take."""
        ours = [each for each in arguments if each.split("=")[0] in OURS]
        if ours:
            raise DbtRefused(f"{', '.join(ours)}: churn dbt runs its own project, on the home named by --home")
        misplaced = [each for each in arguments if each.split("=")[0] in BEFORE]
        if misplaced:
            raise DbtRefused(f"{', '.join(misplaced)}: what is for churn comes before the --, what is for dbt after it")
        known = {*APART, *READING, *WRITING, *REFUSED}
        command = next((each for each in arguments if each in known), "")
        if command == "docs" and "serve" in arguments:
            command = "serve"
        if command in REFUSED:
            raise DbtRefused(f"dbt {command}: {REFUSED[command]}")
        is_full_refresh = any(each in FULL_REFRESH for each in arguments)
        is_full_refresh |= environment.get("DBT_FULL_REFRESH", "").lower() in YES
        rest, variables = _without_vars(arguments)
        return cls(command, tuple(rest), variables, is_full_refresh)

    @property
    def opens_warehouse(self) -> bool:
        """Without a command there is only help or a version to print."""
        return self.command not in (*APART, "")

    @property
    def writes(self) -> bool:
        """Whether the command writes tables, or the views over the raw files that tests read."""
        return self.command in WRITING

    @property
    def builds(self) -> bool:
        return self.writes and self.command != "test"


def _without_vars(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    rest, texts = [], []
    remaining = iter(arguments)
    for each in remaining:
        if each == "--vars":
            texts.append(_next(remaining))
        elif each.startswith("--vars="):
            texts.append(each.removeprefix("--vars="))
        else:
            rest.append(each)
    return rest, {name: value for text in texts for name, value in _parsed(text).items()}


def _next(remaining: Iterator[str]) -> str:
    try:
        return next(remaining)
    except StopIteration:
        raise DbtRefused("--vars needs a value: YAML such as '{name: value}'") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        variables = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DbtRefused(f"--vars cannot be read as YAML: {error}") from error
    if not isinstance(variables, dict):
        raise DbtRefused(f"--vars has to be a mapping, such as '{{name: value}}'; got {text!r}")
    return variables
