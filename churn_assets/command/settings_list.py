"""`churn settings`: every setting with its value, where that comes from, its default, unit and reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path

from rich.padding import Padding
from rich.text import Text

from churn_assets.failures import Failure
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import wide_console
from churn_assets.settings.listed import DEFAULT, ListedSetting, listed_settings

LONGEST = 76  # of a value on a line; --json has the whole


class NoSuchSetting(Failure, LookupError, code="settings"):
    """A name that no setting has."""


def show_settings(root: Path, name: str | None, *, as_json: bool) -> None:
    """Print the settings of a home: all, a section, or one. Raises NoSuchSetting, SettingsError."""
    home = Home(root)
    settings = _matching(list(listed_settings(home.settings_file)), name)
    if as_json:
        print(json.dumps([asdict(each) for each in settings], ensure_ascii=False, indent=2))
        return
    console = wide_console()
    section = ""
    for each in settings:
        own, field = each.name.split(".", 1)
        if own != section:
            section = own
            console.print(Text(f"{own}:", style="bold"))
        value = each.value if len(each.value) <= LONGEST else f"{each.value[:LONGEST]}…"
        unit = f" {each.unit}" if each.unit else ""
        source = f"{each.source}; default {_short(each.default)}" if each.source != DEFAULT else DEFAULT
        console.print(Text(f"  {field}: {value}{unit}  ({source})"))
        console.print(Padding(Text(each.reason), (0, 0, 0, 6)))
    console.print(f"In {home.settings_file}, or as variables: CHURN__<SECTION>__<FIELD>.", markup=False, soft_wrap=True)


def _short(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"


def _matching(listed: Sequence[ListedSetting], name: str | None) -> list[ListedSetting]:
    if name is None:
        return list(listed)
    settings = [each for each in listed if name in (each.name, each.name.split(".")[0], each.name.split(".")[1])]
    if not settings:
        known = [*(each.name for each in listed), *(each.name.split(".")[1] for each in listed)]
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else "; churn settings lists them all"
        raise NoSuchSetting(f"no such setting: {name}{hint}")
    return settings
