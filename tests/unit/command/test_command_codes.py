"""Every failure has a code that `churn explain` knows, and the page of codes says the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

import churn_assets
from churn_assets.command.explain import explain
from churn_assets.failures import CODES_OF_STEPS, NEXT_STEPS, SQLITE_STEPS, WrongArguments, code_of
from churn_assets.failures.codes import CODES
from tests.architecture import known
from tests.errors_page import PAGE, page

PACKAGE = Path(churn_assets.__path__[0])
# What is no exception, and says its code itself: a finished command that says no, and a bug.
SAID = {"run-failed", "looks-ahead", "bug"}


@cache
def failures() -> Mapping[str, str | None]:
    """Name of each class of failures, and the code it states; read from the text, as to import all takes 20 s."""
    classes = [
        (node.name, {base.id for base in node.bases if isinstance(base, ast.Name)}, node.keywords)
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    ]
    codes: dict[str, str | None] = {}
    while further := [each for each in classes if each[0] not in codes and each[1] & {"Failure", *codes}]:
        for name, _, keywords in further:
            stated = [keyword.value for keyword in keywords if keyword.arg == "code"]
            codes[name] = stated[0].value if stated and isinstance(stated[0], ast.Constant) else None  # type: ignore[assignment]
    return codes


def test_every_failure_states_a_code_that_there_is() -> None:
    assert len(failures()) > 60
    assert {name: code for name, code in failures().items() if code not in CODES} == {}


def test_none_is_raised_without_a_kind() -> None:
    bare = [file.name for file in PACKAGE.rglob("*.py") if re.search(r"raise Failure\(", file.read_text())]
    assert bare == []


def test_every_code_is_of_something() -> None:
    assert set(CODES) == set(failures().values()) | set(CODES_OF_STEPS.values()) | SAID


def test_what_is_to_be_done_names_commands_that_there_are() -> None:
    words = {name.split()[0] for name in known.commands()} | {"account", "token", "COMMAND"}
    named = {word for text in CODES.values() for step in text.steps for word in re.findall(r"churn ([A-Za-z-]+)", step)}
    assert named - words == set()


@pytest.mark.parametrize("step", sorted({*NEXT_STEPS.values(), *SQLITE_STEPS.values()}))
def test_what_the_system_refuses_has_a_code(step: str) -> None:
    assert code_of(OSError(), f"/a: something; {step}.") in CODES


def test_a_failure_has_its_own_code_whatever_it_says() -> None:
    assert code_of(WrongArguments("free some space"), "free some space") == "arguments"


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    explain(code, as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    text = CODES[code]
    for part in (text.title, text.means, *text.causes, *text.steps, *text.see):
        assert " ".join(part.split()) in said
    assert text.causes, "each has a usual cause"
    assert text.steps, "and a next step"


def test_without_a_code_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    explain(None, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == list(CODES)
    assert lines[-1] == "churn explain CODE says more."


def test_a_code_may_be_copied_with_its_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    explain("[not_made]", as_json=False)
    assert capsys.readouterr().out.startswith("not-made: ")
    with pytest.raises(WrongArguments, match=r"no error has the code lnding; did you mean landing\?"):
        explain("lnding", as_json=False)


def test_the_page_of_codes_is_what_the_registry_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.errors_page writes it"
