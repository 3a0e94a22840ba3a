"""What `churn dbt` understands of the arguments that are dbt's."""

from __future__ import annotations

import pytest

from churn_assets.command.dbt_arguments import DbtArguments, DbtRefused


@pytest.mark.parametrize(
    ("arguments", "command", "opens", "writes", "builds"),
    [
        ("build -s user_features+", "build", True, True, True),
        ("--quiet run --exclude test", "run", True, True, True),
        ("test", "test", True, True, False),
        ("retry", "retry", True, True, True),
        ("run-operation refuse_what_would_lose_rows", "run-operation", True, True, True),
        ("compile -s run", "compile", True, False, False),
        ("show --inline select", "show", True, False, False),
        ("docs generate", "docs", True, False, False),
        ("docs serve --port 8081", "serve", False, False, False),
        ("ls -s build", "ls", False, False, False),
        ("parse", "parse", False, False, False),
        ("--version", "", False, False, False),
        ("unheard-of", "", False, False, False),
    ],
)
def test_a_command_is_known_by_what_it_does(
    arguments: str, command: str, opens: bool, writes: bool, builds: bool
) -> None:
    given = DbtArguments.of(arguments.split(), {})
    assert (given.command, given.opens_warehouse, given.writes, given.builds) == (command, opens, writes, builds)
    assert given.rest == tuple(arguments.split())


@pytest.mark.parametrize("arguments", [["build", "--full-refresh"], ["-q", "run", "-f"]])
def test_a_full_refresh_is_seen(arguments: list[str]) -> None:
    assert DbtArguments.of(arguments, {}).is_full_refresh


def test_a_full_refresh_by_the_environment_is_seen_too() -> None:
    assert DbtArguments.of(["build"], {"DBT_FULL_REFRESH": "True"}).is_full_refresh
    assert not DbtArguments.of(["build"], {"DBT_FULL_REFRESH": "0"}).is_full_refresh
    assert not DbtArguments.of(["build"], {}).is_full_refresh


def test_variables_are_taken_out_and_put_together() -> None:
    given = DbtArguments.of(["run", "--vars", "{a: 1, b: [x]}", "-s", "m", '--vars={"a": 2}'], {})
    assert (given.rest, given.variables) == (("run", "-s", "m"), {"a": 2, "b": ["x"]})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--vars"], "--vars needs a value"),
        (["run", "--vars", "{a: "], "--vars cannot be read as YAML"),
        (["run", "--vars", "a"], "--vars has to be a mapping, such as '{name: value}'; got 'a'"),
        (
            ["run", "--target=dev", "--profiles-dir", "x"],
            "--target=dev, --profiles-dir: churn dbt runs its own project",
        ),
        (["build", "--home", "x"], "--home: what is for churn comes before the --"),
        (["clone", "--state", "x"], "dbt clone: a home has one warehouse"),
    ],
)
def test_what_is_not_for_churn_dbt_is_refused_before_anything_is_done(arguments: list[str], told: str) -> None:
    with pytest.raises(DbtRefused, match=told):
        DbtArguments.of(arguments, {})
