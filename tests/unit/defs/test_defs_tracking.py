"""A training is told to MLflow once; a server that is not there is named without its password, and stops nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from churn_assets.defs.training import tracking
from churn_assets.defs.training.tracking import EXPERIMENT, PATIENCE, TrackingMissing, track
from churn_assets.model.run_log import RunLog

LOG = RunLog(
    key={"snapshot_date": "2026-11-16", "model_version": "0123456789ab"},
    parameters={"depth": "4"},
    metrics={"catboost.auc": 0.78},
    tags={"kind": "catboost", "decision": "kept", "reason": "The champion of 2026-11-09 stays: no proven win."},
    texts={"model_card.md": "# Card"},
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*noload.*", "ignore::UserWarning")
def test_a_training_is_told_once_with_its_figures_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)  # where MLflow puts files of a store without a server
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert track(uri, LOG, b"{}").startswith("logged: run ")
    assert track(uri, LOG, b"{}").startswith("already logged: run ")
    client = mlflow.MlflowClient(tracking_uri=uri)
    (run,) = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert (run.data.params, run.data.metrics, run.info.status) == ({"depth": "4"}, {"catboost.auc": 0.78}, "FINISHED")
    assert run.data.tags["reason"] == LOG.tags["reason"]
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"churn_model.json", "model_card.md"}


@pytest.mark.parametrize("password", ["secret", "p@secret"])
def test_a_server_that_does_not_answer_is_named_without_its_password(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.setitem(PATIENCE, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    told = track(f"http://ann:{password}@127.0.0.1:9", LOG, b"{}")
    assert told.startswith("not logged: ")
    assert "127.0.0.1" in told
    assert "secret" not in told
    assert not set(PATIENCE) & set(os.environ)


def test_a_client_that_is_not_installed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)
    with pytest.raises(TrackingMissing, match=r"churn-assets\[mlflow\]"):
        track("http://127.0.0.1:9", LOG, b"{}")
