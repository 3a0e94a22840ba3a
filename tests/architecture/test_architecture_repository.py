"""The repository: pins that agree, one module to load, and no word of the place it was written in."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-real.lock")
# Written in pieces, so that this file does not contain what it looks for.
REGISTRIES = re.compile(
    "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "index" + "-url +http", "/sim" + "ple/"])
)
MACHINE_PATHS = re.compile("|".join(["/wo" + "rk/", "/ro" + "ot/", "/ho" + r"me/[a-z]+/", "/Us" + r"ers/[a-z]+/"]))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def exact_pins(project: dict[str, Any]) -> dict[str, str]:
    stated = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["real"],
        *project["dependency-groups"]["dev"],
        *project["dependency-groups"]["build"],
    ]
    found = (re.fullmatch(r"([\w.-]+)(?:\[.*\])?==([\w.]+)", requirement) for requirement in stated)
    return {normal(match.group(1)): match.group(2) for match in found if match}


@pytest.mark.parametrize("lock", LOCKS)
def test_exact_pins_and_lock_agree(root: Path, project: dict[str, Any], lock: str) -> None:
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (root / lock).read_text(), flags=re.MULTILINE))
    versions = {normal(name): version for name, version in locked.items()}
    pins = exact_pins(project)
    assert {name: versions[name] for name in pins if name in versions} == {
        name: version for name, version in pins.items() if name in versions
    }
    assert "dagster" in versions


def test_every_exact_pin_is_in_a_lock(root: Path, project: dict[str, Any]) -> None:
    text = "\n".join((root / lock).read_text() for lock in LOCKS)
    locked = {normal(name) for name in re.findall(r"^([\w.-]+)==", text, flags=re.MULTILINE)}
    assert sorted(set(exact_pins(project)) - locked) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_agree_with_each_other_and_name_every_hash(root: Path, lock: str) -> None:
    base = set(re.findall(r"^([\w.-]+==[\w.]+)", (root / LOCKS[0]).read_text(), flags=re.MULTILINE))
    text = (root / lock).read_text()
    assert sorted(base - set(re.findall(r"^([\w.-]+==[\w.]+)", text, flags=re.MULTILINE))) == []
    entries = re.split(r"\n(?=\S)", text.strip())
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_family_of_dagster_is_pinned_exactly(project: dict[str, Any]) -> None:
    stated = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert [
        requirement for requirement in stated if requirement.startswith("dagster") and "==" not in requirement
    ] == []


def test_no_registry_and_no_path_of_a_machine_in_any_file(tracked: list[Path], root: Path) -> None:
    found = {}
    for file in tracked:
        if file.suffix not in (".png", ".parquet", ".gz", ".sqlite"):
            text = file.read_text(encoding="utf-8")
            hits = {match.group() for pattern in (REGISTRIES, MACHINE_PATHS) for match in pattern.finditer(text)}
            if hits:
                found[str(file.relative_to(root))] = sorted(hits)
    assert found == {}


def test_both_ways_to_start_dagster_load_the_same_module(root: Path, project: dict[str, Any]) -> None:
    workspace = yaml.safe_load((root / "workspace.yaml").read_text())
    (location,) = workspace["load_from"]
    assert location["python_module"]["module_name"] == project["tool"]["dg"]["project"]["code_location_target_module"]
    assert "dagster" not in project["tool"], "Dagster would read it instead of workspace.yaml"
