"""Files and assets that have grown long, as warnings: a reason to look, never to cut something in two.

python tests/architecture/sizes.py prints them, and does not fail.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_LINES, ASSET_LINES = 300, 25
PYTHON = ("churn_assets", "tests", "benchmarks")
SQL = ("dbt_project/models", "dbt_project/macros", "dbt_project/tests")
# Dagster's own, dbt's, and those of defs/partitions.py.
MAKES_ASSETS = {
    "asset", "multi_asset", "graph_asset", "asset_check", "multi_asset_check", "dbt_assets", "snapshot_assets",
    "snapshot_check",
}  # fmt: skip


def warnings(root: Path) -> Iterator[str]:
    for file in (*_files(root, PYTHON, "*.py"), *_files(root, SQL, "*.sql")):
        text, name = file.read_text(encoding="utf-8"), file.relative_to(root)
        lines = len(text.splitlines())
        if lines > FILE_LINES:
            yield f"warning: {name}: {lines} lines, more than {FILE_LINES}"
        if file.suffix == ".py":
            for asset, body in _assets(ast.parse(text)):
                if body > ASSET_LINES:
                    yield f"warning: {name}:{asset.lineno}: {asset.name} has {body} lines, more than {ASSET_LINES}"


def _files(root: Path, folders: tuple[str, ...], pattern: str) -> list[Path]:
    return sorted(file for folder in folders for file in (root / folder).rglob(pattern))


def _assets(module: ast.Module) -> Iterator[tuple[ast.FunctionDef, int]]:
    """Each function that makes an asset or a check, with the lines of its body below the docstring."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and MAKES_ASSETS & {_named(each) for each in node.decorator_list}:
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node, (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _named(decorator: ast.expr) -> str:
    """`asset` of @dg.asset(...)."""
    return ast.unparse(decorator).partition("(")[0].rpartition(".")[2]


if __name__ == "__main__":
    for line in warnings(ROOT):
        print(line)
