"""What says what things mean touches its arguments only: no clock, no environment, no file.

Which room may import which other, and who knows Dagster and DuckDB, is import-linter's business (pyproject.toml).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "churn_assets"
# Rooms that touch files, processes, requests or the engine.
AT_THE_EDGE = (
    "alerts", "api", "backup", "command", "console", "defs", "definitions.py", "delivery", "doctor", "duck.py",
    "erasure", "failures", "instance", "landing", "pulling", "reading.py", "report", "ui", "warehouse",
    "workplace.py",
)  # fmt: skip
PLAIN = (
    "catalogue", "consent", "contracts", "decisions", "effects", "model", "monitoring", "settings", "shop", "sources",
    "stages.py",
)  # fmt: skip

CLOCK = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
CLOCK_OWNERS = {"datetime", "date", "time", "dt"}
FILES = {
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "exists", "is_file",
    "is_dir", "iterdir", "glob", "rglob", "read_csv", "scan_csv", "read_parquet", "scan_parquet", "read_json",
    "read_ndjson", "write_csv", "write_parquet", "write_ndjson", "sink_parquet", "sink_csv", "save_model", "load_model",
    "savefig",
}  # fmt: skip
OUTSIDE = {
    "os",
    "random",
    "requests",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "urllib",
    "uuid",
}
OF_TEXTS = {"urllib.parse"}  # takes an address apart, and asks nobody
# Adapters read the files of their source, settings their one file and the words of trades, the raw contract its yml;
# nobody else does.
MAY_TOUCH_FILES = ("sources", "settings/load.py", "settings/domain.py", "contracts/raw.py", "contracts/described.py")
# Into and out of memory: a model from its bytes, a picture to a buffer.
IN_MEMORY = {
    ("model/boosting.py", "load_model"),
    ("decisions/plots.py", "savefig"),
    ("effects/plots.py", "savefig"),
    ("model/plots.py", "savefig"),
    ("monitoring/definition_plots.py", "savefig"),
    ("monitoring/drift_plots.py", "savefig"),
    ("monitoring/fairness_plots.py", "savefig"),
    ("model/run_log.py", "write_csv"),
    ("monitoring/reason_plots.py", "savefig"),
    ("monitoring/uplift_plots.py", "savefig"),
}


def modules(*parts: str) -> list[Path]:
    found = [PACKAGE / part for part in parts]
    return sorted(file for part in found for file in ([part] if part.is_file() else part.rglob("*.py")))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(owner, name) of each call; owner is empty for a plain function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield "", node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield ast.unparse(node.func.value).rsplit(".", 1)[-1], node.func.attr


def relative(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def test_the_lists_here_name_every_part_of_the_package() -> None:
    parts = {part.name for part in PACKAGE.iterdir() if part.name not in ("__init__.py", "__pycache__")}
    assert parts == {*AT_THE_EDGE, *PLAIN}


@pytest.mark.parametrize("file", modules(*PLAIN), ids=relative)
def test_what_things_mean_reads_no_clock_no_environment_and_no_file(file: Path) -> None:
    tree = ast.parse(file.read_text())
    found = {f"import {name}" for name in imports(tree) if name.split(".")[0] in OUTSIDE and name not in OF_TEXTS}
    for owner, name in calls(tree):
        if name in CLOCK and owner in CLOCK_OWNERS:
            found.add(f"clock: {owner}.{name}()")
        touches_files = name in FILES and (relative(file), name) not in IN_MEMORY
        if touches_files and not relative(file).startswith(MAY_TOUCH_FILES):
            found.add(f"file: {owner}.{name}()")
    assert sorted(found) == []


@pytest.mark.parametrize("file", modules(*AT_THE_EDGE), ids=relative)
def test_nothing_but_the_filling_of_the_landing_knows_where_the_truth_lies(file: Path) -> None:
    named = [node for node in ast.walk(ast.parse(file.read_text())) if getattr(node, "attr", "") == "truth"]
    assert not named or relative(file) in ("command/fill.py", "command/shop_life.py")


def test_no_sql_knows_of_the_truth() -> None:
    models = (PACKAGE.parent / "dbt_project").rglob("*.sql")
    assert [file.name for file in models if "truth" in file.read_text() and "target" not in file.parts] == []


@pytest.mark.parametrize("file", modules("defs", "definitions.py", "cli.py"), ids=relative)
def test_modules_with_dagster_decorators_leave_annotations_as_they_are(file: Path) -> None:
    """Dagster reads the annotations of what it decorates; postponed ones are strings."""
    tree = ast.parse(file.read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    decorated = {ast.unparse(each).split("(")[0] for node in functions for each in node.decorator_list}
    dagster_made = {name for name in decorated if name.startswith("dg.")} | (
        decorated & {"dbt_assets", "snapshot_assets"}
    )
    assert not dagster_made or "__future__" not in set(imports(tree))


def unordered_groups(tree: ast.AST) -> list[int]:
    """Lines of `group_by(...)` that leaves the order of its groups to the threads."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "group_by"
        and not any(word.arg == "maintain_order" for word in node.keywords)
    ]


def test_groups_keep_their_order() -> None:
    """A sum of floats depends on the order of its terms, and published files are compared byte by byte."""
    found = {
        str(file.relative_to(PACKAGE)): lines
        for file in modules("")
        if (lines := unordered_groups(ast.parse(file.read_text())))
    }
    assert found == {}
    assert unordered_groups(ast.parse("a.group_by('x').len()")) == [1]
