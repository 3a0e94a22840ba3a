"""Logs trainings to an MLflow server, if training.mlflow_tracking_uri is set. A server that fails stops no run."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from churn_assets.failures import Failure
from churn_assets.model.run_log import RunLog

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "churn-assets"
# A server that is not there costs a weekly run about 10 s, not the 30 minutes that MLflow would wait.
PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
CREDENTIALS = re.compile(r"//[^/\s]+@")  # up to the last @: a password may hold one


class TrackingMissing(Failure, RuntimeError, code="training"):
    """An address is set, and the client is not installed."""


def track(uri: str, log: RunLog, model: bytes) -> str:
    """One line with the outcome: logged, already logged, or why not. Raises TrackingMissing."""
    if find_spec("mlflow") is None:
        raise TrackingMissing(
            "training.mlflow_tracking_uri is set, but MLflow's client is not installed: pip install "
            "'churn-assets[mlflow]', or leave the setting out."
        )
    with _patience():
        from mlflow import MlflowClient  # noqa: PLC0415 - seconds to import, and an extra
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            return _track(MlflowClient(tracking_uri=uri), log, model)
        except (MlflowException, OSError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            return f"not logged: {CREDENTIALS.sub('//', reason)[:300]}"


def _track(client: MlflowClient, log: RunLog, model: bytes) -> str:
    from mlflow.entities import Metric, Param  # noqa: PLC0415

    existing = client.get_experiment_by_name(EXPERIMENT)
    experiment = existing.experiment_id if existing else client.create_experiment(EXPERIMENT)
    query = " and ".join(f"tags.{name} = '{value}'" for name, value in log.key.items())
    runs = client.search_runs([experiment], f"{query} and attributes.status = 'FINISHED'", max_results=1)
    if runs:
        return f"already logged: run {runs[0].info.run_id}"
    name = f"{log.key['snapshot_date']} {log.tags['kind']}"
    run = client.create_run(experiment, run_name=name, tags={**log.key, **log.tags}).info.run_id
    now = int(time.time() * 1_000)
    metrics = [Metric(metric, figure, now, 0) for metric, figure in log.metrics.items()]
    client.log_batch(run, metrics, [Param(parameter, value) for parameter, value in log.parameters.items()])
    for file, text in log.texts.items():
        client.log_text(run, text, file)
    with tempfile.TemporaryDirectory() as folder:
        artefact = Path(folder) / "churn_model.json"
        artefact.write_bytes(model)
        client.log_artifact(run, str(artefact))
    client.set_terminated(run)
    return f"logged: run {run}"


@contextmanager
def _patience() -> Iterator[None]:
    """MLflow reads its timeouts from the environment only; variables that are set already stay."""
    ours = {name: value for name, value in PATIENCE.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]
