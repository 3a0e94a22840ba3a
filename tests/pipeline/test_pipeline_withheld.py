"""Scores whose check failed are read by nobody: not in the views, not by a plan; a run that passes publishes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from churn_assets.warehouse.project import ROOT
from tests.pipeline.conftest import END, WEEKS

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base

SUITES = ROOT / "expectations"
SNAPSHOT = ("--snapshot", str(END))
CALLED = "select distinct snapshot_date from interventions.call_list order by 1"
SCORED = "select distinct snapshot_date from scoring.scored_users order by 1"


def strict_suites(folder: Path) -> Path:
    """The suites of the project, of which that of the scores wants the impossible of them."""
    shutil.copytree(SUITES, folder)
    suite = json.loads((folder / "scored_users.json").read_text())
    suite["expectations"][3]["kwargs"]["min_value"] = 0.998  # of the mean of churn_probability
    (folder / "scored_users.json").write_text(json.dumps(suite))
    return folder


def test_scores_whose_check_failed_are_withheld_until_a_run_passes(base: Base, tmp_path: Path) -> None:
    instance = base.final.copy(tmp_path / "home")
    before = {table: instance.values_of(table, END) for table in ("scoring.scored_users", "scoring.user_reasons")}
    hashes, called = instance.published(), instance.query(CALLED)["snapshot_date"].to_list()
    assert END in called

    failed = instance.churn("run", *SNAPSHOT, suites=strict_suites(tmp_path / "suites"))
    assert failed.returncode == 1
    assert "check scoring/scored_users expectations_hold" in failed.stdout
    assert f"scoring.scored_users of {END} is withheld: its check failed. " in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr
    assert instance.query(SCORED)["snapshot_date"].to_list() == list(WEEKS[:-1])
    assert instance.query(CALLED)["snapshot_date"].to_list() == [day for day in called if day != END]

    for command in (("approve", "--yes"), ("dispatch",)):
        refused = instance.churn(*command, *SNAPSHOT)
        assert refused.returncode == 1, refused.stdout
        assert f"The plan of {END} rests on scores that may not be used: " in refused.stderr
        assert refused.stderr.count("\n") == 1

    instance.succeed("run", *SNAPSHOT)
    assert instance.query(CALLED)["snapshot_date"].to_list() == called
    assert {table: instance.values_of(table, END) for table in before} == before
    assert {key: sha256 for key, (sha256, _) in instance.published().items() if key[0] == "scoring"} == {
        key: sha256 for key, (sha256, _) in hashes.items() if key[0] == "scoring"
    }
