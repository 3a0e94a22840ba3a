"""Builds the dbt project on homes, all at the same time: `build_warehouse.py {HOME: [COMMAND, FIRST:LAST, ...], ...}`.

Each FIRST:LAST is one dbt invocation over that range of snapshots; after it the warehouse is copied to
after-<n>.duckdb. dbt is imported once and parses the project once, for 5 s of processor time; then there is a process
for each home. It is told what a run would tell it, and in the same way.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sys
from datetime import date
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from filelock import FileLock

from churn_assets.duck import duck
from churn_assets.warehouse.child import vars_into_environment
from churn_assets.warehouse.project import PROJECT
from churn_assets.warehouse.variables import variables
from churn_assets.workplace import Workplace

# Of four snapshots at once, two to a statement: there are about a dozen versions of users.
ROWS_PER_STATEMENT = 30
# The last models read what Python scored and decided. The ledger only has to exist; of the scores, one is of a user who
# has objected by then and must not have one.
PUBLISHED = """
create schema scoring;
create table scoring.scored_users as
select * from (values
  ('1', date '2026-01-05', 0.25, 'urgent', 12.5, 50.0),
  ('2', date '2026-01-12', 0.75, 'urgent', 99.0, 132.0),
  ('9', date '2026-01-12', 0.5, 'small', 1.0, 2.0)
) as scored (user_id, snapshot_date, churn_probability, risk_tier, value_at_risk_amount, expected_spend_amount);
create table scoring.user_reasons (
  user_id varchar, snapshot_date date, kind varchar, reason_group varchar, text_en varchar
);
create schema interventions;
create table interventions.decision_ledger (
  decision_id varchar, user_id varchar, snapshot_date date, policy_version varchar, arm varchar, level varchar,
  channel varchar,
  reason varchar, churn_probability double, value_at_risk_amount double, expected_gain_amount double,
  expected_cost_amount double
);
create table interventions.outbox (decision_id varchar, state varchar)
"""


def parsed() -> Manifest:
    """The project, read as `churn prepare` has left it."""
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--log-level", "none", "--no-write-json"]
    with FileLock(PROJECT / ".parse.lock"):  # all processes share the parse cache
        result = dbtRunner().invoke(["parse", *places])
    if not isinstance(result.result, Manifest):
        sys.exit(f"dbt cannot read its project: {result.exception}")
    return result.result


def build(manifest: Manifest, home: Path, command: str, *ranges: str) -> None:
    os.environ["CHURN_HOME"] = str(home)
    workplace = Workplace(home_path=str(home))
    with duck(workplace.home.warehouse) as connection:
        connection.execute(PUBLISHED)
    for number, days in enumerate(ranges):
        first, last = map(date.fromisoformat, days.split(":"))
        landed = workplace.landing()
        workplace.show_raw(landed)
        told = variables(workplace, landed, workplace.calendar.between(first, last)) | {
            "rows_per_statement": ROWS_PER_STATEMENT
        }
        arguments = vars_into_environment([
            command, "--quiet", "--vars", json.dumps(told),
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", str(home / "target"), "--log-path", str(home / "logs"), "--no-write-json",
        ])  # fmt: skip
        result = dbtRunner(manifest=manifest.deepcopy()).invoke(arguments)  # compiling changes it
        if not result.success:
            sys.exit(f"dbt {command} of {days} failed in {home}: {result.exception or 'see above'}")
        shutil.copyfile(workplace.home.warehouse, home / f"after-{number}.duckdb")


def main(orders: dict[str, list[str]]) -> None:
    manifest = parsed()
    forks = multiprocessing.get_context("fork")
    running = [forks.Process(target=build, args=(manifest, Path(home), *order)) for home, order in orders.items()]
    for process in running:
        process.start()
    for process in running:
        process.join()
    sys.exit(any(process.exitcode for process in running))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
