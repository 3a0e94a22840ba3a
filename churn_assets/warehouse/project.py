"""The dbt project: its folder, an up-to-date manifest, and descriptions from the manifest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from churn_assets.failures import Failure
from churn_assets.instance.home import Home
from churn_assets.warehouse.said import complete_descriptions

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_project"
QUIET = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "False"}


class ManifestError(Failure, RuntimeError, code="dbt"):
    """dbt could not read its own project."""


def prepare_manifest() -> Path:
    """Parse the project if any of its files is newer than the manifest; returns the manifest."""
    manifest = target_folder() / "manifest.json"
    with parse_lock():
        newest = max(file.stat().st_mtime for file in source_files("models", "macros", "tests"))
        if not manifest.exists() or manifest.stat().st_mtime < newest:
            run_dbt("parse")
            manifest.touch()
    return manifest


def target_folder() -> Path:
    """Where what dbt and this program make of the project is kept: in the project, or, where this user may not write
    there (an installation of another user, a container), in the home, which begins with a copy of the project's.
    """
    own = PROJECT / "target"
    if os.access(PROJECT, os.W_OK) and (not own.exists() or os.access(own, os.W_OK)):
        return own
    folder = Home.from_environment().root / "dbt" / "project"
    if not folder.exists():
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            copy = Path(temporary) / folder.name
            if os.access(own, os.R_OK | os.X_OK):
                shutil.copytree(own, copy, ignore=shutil.ignore_patterns("*.lock"), copy_function=_copy_writable)
            copy.mkdir(exist_ok=True)
            with suppress(OSError):  # another process was quicker
                copy.chmod(0o700)
                copy.rename(folder)
    return folder


def parse_lock() -> FileLock:
    """The lock of what is kept in `target_folder`: all processes share the parse cache of dbt."""
    target_folder().mkdir(parents=True, exist_ok=True)
    return FileLock(target_folder() / "parse.lock")


def _copy_writable(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    stat = Path(source).stat()
    os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # it is compared with the times of the project


def source_files(*folders: str) -> list[Path]:
    """Files of the project in these folders, and its own, in a stable order."""
    files = [file for folder in folders for file in (PROJECT / folder).rglob("*") if file.is_file()]
    return sorted([*files, PROJECT / "dbt_project.yml"])


def run_dbt(*arguments: str) -> None:
    """One dbt command on the project itself, away from any instance and its run."""
    if "--target-path" not in arguments:
        arguments = (*arguments, "--target-path", str(target_folder()))
    arguments = (*arguments, "--log-path", str(target_folder()), "--log-level-file", "none")
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
