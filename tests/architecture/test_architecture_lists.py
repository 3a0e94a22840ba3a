"""A list has one home: all its members stand together in no other literal of Python, SQL or YAML."""

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
    "churn_assets/settings/delivery.py": "who hands its messages over, a setting with a reason each",
    "churn_assets/shop/consents.py": "how many of the simulated users agree to each",
    "dbt_project/models/marts/marts.yml": "what a row of each mart is, and what is tested of it",
    "tests/dbt/test_dbt_labels.py": "who left, worked out by hand",
    "tests/dbt/test_dbt_versions.py": "rows counted by hand",
    "tests/unit/landing/test_landing_raw_contract.py": "columns that shops were told are required",
}
BRACKETS = re.compile(r"[\[({]([^\[\](){}]*)[\])}]")
# A docstring or a sentence may speak of all members.
SQL_IN_TEXT = re.compile(r"\b(select|filter|case|in) |^[\w, ]*$")
Literals = Iterator[tuple[int, str]]  # line, names


def python_literals(text: str) -> Literals:
    """Tuples, lists, sets, `Literal`, keys of dicts, fields of classes, and texts of SQL or of names alone."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
            members = node.keys if isinstance(node, ast.Dict) else node.elts
            yield node.lineno, " ".join(str(m.value) for m in members if isinstance(m, ast.Constant))
        elif isinstance(node, ast.ClassDef):
            yield (
                node.lineno,
                " ".join(ast.unparse(each.target) for each in node.body if isinstance(each, ast.AnnAssign)),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_IN_TEXT.search(node.value):
            yield node.lineno, node.value


def sql_literals(text: str) -> Literals:
    """What stands in one pair of brackets, and all columns that one file names."""
    bare = re.sub(r"\{#.*?#\}|--[^\n]*", lambda found: "\n" * found.group().count("\n"), text, flags=re.DOTALL)
    yield from in_brackets(bare)
    yield 1, " ".join(re.findall(r"\bas ([a-z_]+)", bare))


def yaml_literals(text: str) -> Literals:
    """What stands in one pair of brackets, and all names of one file."""
    bare = re.sub(r"(^|\s)#[^\n]*", r"\1", text)
    yield from in_brackets(bare)
    yield 1, " ".join(re.findall(r"\bname: ([a-z_]+)", bare))


def in_brackets(text: str) -> Literals:
    return ((text.count("\n", 0, found.start()) + 1, found.group(1)) for found in BRACKETS.finditer(text))


def holds(names: str, member: str) -> bool:
    """Also as part of a name: email of has_consent_email, orders of fct_orders."""
    return re.search(rf"(?<![a-z]){member}(?![a-z])", names) is not None


READERS = {".py": python_literals, ".sql": sql_literals, ".yml": yaml_literals, ".yaml": yaml_literals}


def typed_again(name: str, files: list[Path], root: Path = ROOT) -> list[str]:
    """`file:line` of each literal outside the home that holds every member of a list."""
    allowed = HOMES[name] | set(SAID_OF_EACH)
    return sorted(
        f"{file.relative_to(root)}:{line}"
        for file in files
        if file.suffix in READERS and str(file.relative_to(root)) not in allowed
        for line, names in READERS[file.suffix](file.read_text())
        if all(holds(names, member) for member in LISTS[name])
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
        (".py", "X = '{plain}'"),
        (".py", "class X:\n{fields}"),
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
        "fields": "\n".join(f"    is_{member}: bool" for member in members),
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
