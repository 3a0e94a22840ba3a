"""The dbt project: its folder, an up-to-date manifest, and descriptions from the manifest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from churn_assets.failures import Failure
from churn_assets.warehouse.said import complete_descriptions

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_project"
QUIET = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "False"}


class ManifestError(Failure, RuntimeError):
    """dbt could not read its own project."""


def prepare_manifest() -> Path:
    """Parse the project if any of its files is newer than the manifest; returns the manifest."""
    manifest = PROJECT / "target" / "manifest.json"
    with FileLock(PROJECT / ".parse.lock"):
        newest = max(file.stat().st_mtime for file in source_files("models", "macros", "tests"))
        if not manifest.exists() or manifest.stat().st_mtime < newest:
            run_dbt("parse")
            manifest.touch()
    return manifest


def source_files(*folders: str) -> list[Path]:
    """Files of the project in these folders, and its own, in a stable order."""
    files = [file for folder in folders for file in (PROJECT / folder).rglob("*") if file.is_file()]
    return sorted([*files, PROJECT / "dbt_project.yml"])


def run_dbt(*arguments: str) -> None:
    """One dbt command on the project itself, away from any instance and its run."""
    command = [dbt_executable(), *arguments, "--quiet", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    result = subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise ManifestError(f"dbt cannot {arguments[0]} {PROJECT}:\n{result.stdout}{result.stderr}")


def dbt_executable() -> str:
    """Dbt of this environment, whether or not the environment is activated."""
    return str(Path(sys.executable).with_name("churn-dbt"))


@cache
def manifest() -> dict[str, Any]:
    """The manifest of dbt, with descriptions that follow from the lists in Python (said.py). Read only."""
    content: dict[str, Any] = json.loads(prepare_manifest().read_text())
    complete_descriptions(content)
    return content


def column_descriptions(schema: str, model: str) -> dict[str, str]:
    """The description of each column of a model."""
    for node in manifest()["nodes"].values():
        if node["resource_type"] == "model" and (node["schema"], node["name"]) == (schema, model):
            return {name: column["description"] for name, column in node["columns"].items()}
    return {}
