"""A list has one home: all its members stand together in no other literal of Python, SQL or YAML.

A list is looked for as the names between one bracket and its end, whatever stands between them: a tuple, a `Literal`,
the keys of a dict, an argument of a macro; and as one word after the other, as in `select a, b, c`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from churn_assets.contracts.channels import CHANNEL_NAMES, SENDING_CHANNELS
from churn_assets.contracts.definitions import DEFINITIONS
from churn_assets.contracts.raw import raw_contract

ROOT = Path(__file__).parents[2]
LISTS = {
    "channels": tuple(SENDING_CHANNELS),
    "churn definitions": tuple(DEFINITIONS),
    "raw tables": tuple(table.name for table in raw_contract()),
}
HOMES = {
    "channels": {"churn_assets/contracts/channels.py"},
    "churn definitions": {"churn_assets/contracts/definitions.py"},
    # SQL names them once more, for edges that dbt draws before it knows its sources; a test holds the two together.
    "raw tables": {"dbt_project/models/staging/raw.yml", "dbt_project/macros/raw_contract.sql"},
}
# What somebody says of each member, and none follows from the others: a new member may be missing there.
SAID_OF_EACH = {
    "churn_assets/shop/consents.py": "how many of the simulated users agree to each",
    "tests/dbt/test_dbt_labels.py": "who left, worked out by hand",
    "tests/dbt/test_dbt_versions.py": "rows counted by hand",
    "tests/unit/landing/test_landing_raw_contract.py": "columns that shops were told are required",
}
SQL_LIST = re.compile(r"[\[({]([^\[\](){}]*)[\])}]")
WORDS = re.compile(r"[a-z_]+")


def python_literals(text: str) -> Iterator[tuple[int, set[str]]]:
    """(line, texts) of each tuple, list, set, `Literal` and dict with constant keys; and the words of SQL in texts."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
            members = node.keys if isinstance(node, ast.Dict) else node.elts
            yield node.lineno, {m.value for m in members if isinstance(m, ast.Constant) and isinstance(m.value, str)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not is_prose(node.value):
            yield node.lineno, set(words_of(node.value))


def is_prose(text: str) -> bool:
    """A docstring or a sentence may speak of all members; SQL in a text may not."""
    return not re.search(r"\b(select|filter|case|in) ", text)


def words_of(text: str) -> Iterator[str]:
    """Words, also those that stand in the name of a column: email of email_consent, has_consent_email."""
    for word in WORDS.findall(text):
        yield word
        yield from (part for part in re.split(r"_consent$|^(?:has_)?consent_", word) if part)


def sql_literals(text: str) -> Iterator[tuple[int, set[str]]]:
    bare = re.sub(r"\{#.*?#\}|--[^\n]*", lambda found: "\n" * found.group().count("\n"), text, flags=re.DOTALL)
    for found in SQL_LIST.finditer(bare):
        yield bare.count("\n", 0, found.start()) + 1, set(words_of(found.group(1)))
    names = re.findall(r"\bas ([a-z_]+)", bare)
    yield 1, {part for name in names for part in words_of(name)}


def yaml_literals(text: str) -> Iterator[tuple[int, set[str]]]:
    """Flow lists, and all names of one file: what is named column by column is typed as well."""
    bare = re.sub(r"(^|\s)#[^\n]*", r"\1", text)
    for found in SQL_LIST.finditer(bare):
        yield bare.count("\n", 0, found.start()) + 1, set(words_of(found.group(1)))
    yield 1, {part for name in re.findall(r"\bname: ([a-z_]+)", bare) for part in words_of(name)}


READERS = {".py": python_literals, ".sql": sql_literals, ".yml": yaml_literals, ".yaml": yaml_literals}


def typed_again(name: str, files: list[Path], root: Path = ROOT) -> list[str]:
    """`file:line` of each literal outside the home that holds every member of a list."""
    allowed = HOMES[name] | set(SAID_OF_EACH)
    return sorted(
        f"{file.relative_to(root)}:{line}"
        for file in files
        if file.suffix in READERS and str(file.relative_to(root)) not in allowed
        for line, members in READERS[file.suffix](file.read_text())
        if set(LISTS[name]) <= members
    )


@pytest.mark.parametrize("name", LISTS)
def test_no_list_is_typed_outside_its_home(name: str, tracked: list[Path]) -> None:
    assert typed_again(name, tracked) == [], f"read them from {sorted(HOMES[name])}"


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".py", "X = ({quoted})"),
        (".py", "X = Literal[{quoted}]"),
        (".py", "X = {{{keyed}}}"),
        (".py", "X = 'select {plain} from t'"),
        (".sql", "{{% set x = [{quoted}] %}}"),
        (".sql", "select {aliased} from t"),
        (".yml", "values: [{plain}]"),
        (".yml", "columns:\n{named}"),
    ],
)
def test_a_list_that_is_typed_again_is_found(name: str, suffix: str, text: str, tmp_path: Path) -> None:
    members = LISTS[name]
    file = tmp_path / f"again{suffix}"
    forms = {
        "quoted": ", ".join(f'"{member}"' for member in members),
        "keyed": ", ".join(f'"{member}": 1' for member in members),
        "plain": ", ".join(members),
        "aliased": ", ".join(f"1 as {member}" for member in members),
        "named": "\n".join(f"  - {{name: {member}, description: x}}" for member in members),
    }
    file.write_text(text.format(**forms))
    assert typed_again(name, [file], tmp_path)
    forms = {key: value.replace(members[0], "another", 1) for key, value in forms.items()}
    file.write_text(text.format(**forms))
    assert typed_again(name, [file], tmp_path) == []


def test_every_channel_has_words_by_which_consents_call_it() -> None:
    assert tuple(CHANNEL_NAMES) == SENDING_CHANNELS
