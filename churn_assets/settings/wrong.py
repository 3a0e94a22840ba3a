"""What is said of a wrong setting or mapping: file and line, name, what is expected, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic_core import ErrorDetails

from churn_assets.settings.names import did_you_mean

UNKNOWN, ONE_OF = "extra_forbidden", "literal_error"  # error types of pydantic
SECRETS = ("_secret", "_password", "_url", "_uri")
QUOTED = re.compile(r"'([^']*)'")
OWN_ERROR = "Value error, "  # how pydantic begins what a validator of ours says
FIELD_FIRST = re.compile(r"[A-Za-z_][\w.]*")
Place = Sequence[int | str]


class Lines:
    """The lines of one YAML file, by the place of a value in it."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._root = name, yaml.compose(text, yaml.SafeLoader)

    def of(self, place: Place) -> str:
        """`churn.yaml:3: ` of the deepest part of a place that the file has; nothing where it has none."""
        line, node = None, self._root
        for part in place:
            node, line = _within(node, part) or (node, line)  # pydantic also names the members of unions
        return "" if line is None else f"{self._name}:{line}: "


def _within(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        return next(
            ((value, key.start_mark.line + 1) for key, value in node.value if str(key.value) == str(part)), None
        )
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark.line + 1
    return None


def place_of(error: ErrorDetails) -> tuple[int | str, ...]:
    """Where an error lies: also the field that the message of a whole section begins with."""
    message = said(error)
    first = FIELD_FIRST.match(message)
    inner = first[0].split(".") if first and error["type"] == "value_error" else []
    return (*error["loc"], *inner)


def name_of(place: Place) -> str:
    """A place as it is written: without what pydantic calls the members of a union (`function-after[...]`)."""
    return ".".join(str(part) for part in place if "[" not in str(part))


def said(error: ErrorDetails) -> str:
    """What pydantic or a validator of ours says; where one of several words is expected, with the closest."""
    message = error["msg"].removeprefix(OWN_ERROR)
    if error["type"] == ONE_OF:
        near = get_close_matches(str(error["input"]), QUOTED.findall(str(error["ctx"]["expected"])), 1)
        return message + did_you_mean(repr(near[0]) if near else None)
    return message


def near_field(model: type[BaseModel], place: Place) -> str | None:
    """The field that a misspelt last part of a place is closest to."""
    *outer, name = place
    kinds: list[Any] = [model]
    for part in outer:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)] or kinds
    fields = [field for kind in kinds if _is_model(kind) for field in kind.model_fields]
    return next(iter(get_close_matches(str(name), fields, 1)), None)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _inside(kind: Any, part: int | str) -> Iterator[Any]:
    """The types that a part of a value of a type may have; of a union each member's."""
    if _is_model(kind):
        if part in kind.model_fields:
            yield from _members(kind.model_fields[part].annotation)
    elif get_origin(kind) in (tuple, list):
        yield from _members(get_args(kind)[0])
    elif get_origin(kind) is not None and issubclass(get_origin(kind), Mapping):
        yield from _members(get_args(kind)[1])


def _members(kind: Any) -> Iterator[Any]:
    if get_origin(kind) is Annotated:
        yield from _members(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from _members(each)
    else:
        yield kind


def is_secret(field: str) -> bool:
    """Whether a field may hold a password (addresses may hold one, too)."""
    return field == "url" or field.endswith(SECRETS)


def got(place: Place, value: object) -> str:
    """The value that is wrong; never one that may hold a password, nor a whole section, which may as well."""
    may_be_secret = bool(place) and is_secret(str(place[-1]))
    return "" if may_be_secret or isinstance(value, dict | BaseModel) else f" (got {value!r})"
