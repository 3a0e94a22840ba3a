"""Names of settings, and suggestions for misspelt ones: an unknown setting is never ignored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

PREFIX, BETWEEN = "CHURN__", "__"
Sections = Mapping[str, Iterable[str]]


def meant(name: str, sections: Sections) -> str | None:
    """The section or `section.field` that `name`, written so too, is closest to; None where nothing is close."""
    fields = _names(sections)
    same_field = [each for each in fields if each.split(".")[1] == name.rsplit(".", 1)[-1]]
    if same_field:
        return (get_close_matches(name, same_field, n=1, cutoff=0) or same_field)[0]
    return next(iter(get_close_matches(name, [*fields, *sections] if "." in name else [*sections, *fields], n=1)), None)


def unread(variables: Iterable[str], sections: Sections) -> dict[str, str]:
    """Those of `variables` (any case) that look like settings and are not read: name, and a line on what was meant."""
    nearly = {variable_of(name).replace("_", ""): name for name in _names(sections)}
    lines = {}
    for variable in sorted({each.upper() for each in variables}):
        if variable.startswith(PREFIX):
            name = ".".join(variable.removeprefix(PREFIX).lower().split(BETWEEN)[:2])
            section, _, field = name.partition(".")
            if section not in sections or (field and field not in sections[section]):
                suggestion = meant(name, sections)
                lines[name] = f"{variable}: no such setting{did_you_mean(suggestion and variable_of(suggestion))}"
        elif variable.replace("_", "") in nearly:  # CHURN_DECISIONS_BUDGET_AMOUNT and the like
            name = nearly[variable.replace("_", "")]
            lines[name] = f"{variable}: no such setting{did_you_mean(variable_of(name))}"
    return lines


def did_you_mean(name: str | None) -> str:
    return f"; did you mean {name}?" if name else ""


def variable_of(name: str) -> str:
    """The variable of a section or `section.field`."""
    return PREFIX + name.upper().replace(".", BETWEEN)


def variable_that_sets(section: str, field: str, variables: Mapping[str, str]) -> str | None:
    """The variable that sets a field: its own, one of a part of it, or one of the whole section, as JSON."""
    own, whole = variable_of(f"{section}.{field}"), variable_of(section)
    for name in variables:
        if name == own or name.startswith(own + BETWEEN):
            return name
    return whole if whole in variables and f'"{field}"' in variables[whole] else None


def _names(sections: Sections) -> list[str]:
    return [f"{section}.{field}" for section, fields in sections.items() for field in fields]
