"""Where the trials of a search are stored: one SQLite file in the home, one study per `study_name`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from churn_assets.command.lab.training import Lab
from churn_assets.command.lab.tuning_lock import sole_search
from churn_assets.failures import naming
from churn_assets.model.boosting import THREADS
from churn_assets.model.search_space import RANGES, parameters
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

if TYPE_CHECKING:
    from optuna.study import Study


def study_name(workplace: Workplace, lab: Lab) -> str:
    """Snapshot, and a hash of all inputs of the log-loss of a trial and of the choice of the next trial."""
    training_set = workplace.tables.find(Stage.TRAINING, "training_set", lab.day)
    settings = lab.inputs.settings
    inputs = {
        "training_set": training_set and training_set.sha256,
        "definition": workplace.settings.churn.definition,
        "window": [workplace.settings.churn.gap_days, workplace.settings.churn.horizon_days],
        "features": [feature.name for feature in lab.inputs.features],
        "max_missing_share": lab.inputs.max_missing_share,
        "admit_protected": settings.admit_protected,
        "slices_and_rows": [settings.bakeoff_slices, settings.bakeoff_rows],
        "present": parameters(settings),
        "seed": settings.seed,
        "ranges": RANGES,
        "versions": [version("catboost"), version("optuna"), THREADS],
    }
    return f"{lab.day}_{hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:12]}"


@contextmanager
def open_study(workplace: Workplace, name: str) -> Iterator[Study]:
    """The stored study, or a new one, for this process alone. Raises TuningBusy."""
    import optuna  # noqa: PLC0415 - 1 s, and the weekly run needs none of it

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder = workplace.home.tuning
    folder.mkdir(exist_ok=True)
    file = folder / "studies.sqlite"
    with sole_search(workplace.home):
        with naming(file):
            storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
            study = optuna.create_study(
                storage=storage, study_name=name, load_if_exists=True, pruner=optuna.pruners.MedianPruner()
            )
        try:
            yield study
        finally:
            storage.remove_session()
            storage.engine.dispose()
