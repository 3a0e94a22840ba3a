"""`churn` with its arguments, which also writes down the SQL by which dbt changed the warehouse: a file of JSON.

`python -m benchmarks.recorded FILE run --snapshot ... --home ...`. The bare process executes that SQL again in a copy
the home as it was before: the SQL that dbt makes depends on what the warehouse held, so it can only be had by a run.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper

CHANGES = ("create", "insert", "delete", "drop", "alter")  # not what tests and dbt itself ask of the warehouse
COMMENT = re.compile(r"^\s*/\*.*?\*/\s*", re.DOTALL)  # dbt says in it whose query it is


def main() -> None:
    file = Path(sys.argv[1])
    statements: list[str] = []
    execute = DuckDBCursorWrapper.execute

    def executed(cursor: DuckDBCursorWrapper, sql: str, *bindings: Any, **named: Any) -> Any:
        bare = COMMENT.sub("", sql)
        if bare.lstrip().lower().startswith(CHANGES):
            statements.append(bare)
            file.write_text(json.dumps(statements))
        return execute(cursor, sql, *bindings, **named)

    DuckDBCursorWrapper.execute = executed
    from churn_assets.command import cli  # noqa: PLC0415 - after dbt's adapter has been prepared

    sys.argv = ["churn", *sys.argv[2:]]
    cli.main()


if __name__ == "__main__":
    main()
