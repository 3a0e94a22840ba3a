"""The image is made of what the project has, runs as its own user, and holds no secret. No builder is needed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from churn_assets.command.cli import app

ROOT = Path(__file__).parents[2]
INSTRUCTIONS = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "ENTRYPOINT", "CMD"}


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """Instruction and arguments, continued lines joined, comments left out."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").split("\n")
    return [(step.split(maxsplit=1)[0], step.split(maxsplit=1)[1]) for step in joined]


def test_every_instruction_is_one_and_what_is_copied_is_there(steps: list[tuple[str, str]]) -> None:
    assert {name for name, _ in steps} <= INSTRUCTIONS
    copied = [word for name, text in steps if name == "COPY" for word in text.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert set(copied) & set(ignored) == set()


def test_the_python_is_one_that_is_supported_and_packages_come_from_the_lock(steps: list[tuple[str, str]]) -> None:
    (image,) = [text for name, text in steps if name == "FROM"]
    version = tuple(map(int, re.fullmatch(r"python:(\d+)\.(\d+)-slim-\w+", image).groups()))  # type: ignore[union-attr]
    low, high = re.findall(
        r"\d+\.\d+", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    )
    assert tuple(map(int, low.split("."))) <= version < tuple(map(int, high.split(".")))
    installs = [text for name, text in steps if name == "RUN" and "pip install" in text]
    assert all("--no-deps" in text for text in installs)
    assert "--require-hashes -r requirements.lock" in installs[0]


def test_it_runs_as_its_own_user_and_no_secret_is_in_it(steps: list[tuple[str, str]]) -> None:
    assert [text for name, text in steps if name == "USER"] == ["churn"]
    assert steps.index(("USER", "churn")) < min(place for place, (name, _) in enumerate(steps) if name == "ENTRYPOINT")
    environment = dict(word.split("=") for name, text in steps if name == "ENV" for word in text.split())
    assert [name for name in environment if re.search("SECRET|PASSWORD|TOKEN|CHURN__", name)] == []
    assert environment["CHURN_HOME"] in {text for name, text in steps if name == "VOLUME"}


def test_compose_starts_commands_that_exist_with_nothing_more_than_they_need() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    for name, service in services.items():
        assert service["command"][0] in commands, name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "ports" not in service, "what is published there is published to everybody"
        assert [path for path in service["volumes"] if "/srv/churn/data" in path]
