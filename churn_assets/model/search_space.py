"""Which parameters of the trees are searched, in ranges that suit a few ten thousand users."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.trial import Trial

    from churn_assets.settings import Training

PARAMETERS = ("iterations", "depth", "learning_rate", "l2_leaf_reg")
# Lowest and highest; a present setting beyond them widens the range to itself.
RANGES = {"iterations": (100, 800), "depth": (2, 6), "learning_rate": (0.01, 0.2), "l2_leaf_reg": (1.0, 60.0)}
DIGITS = 3  # significant, of a parameter: more digits hardly change a model, and people type them into churn.yaml


def suggest(trial: Trial, present: Training) -> Training:
    """The settings with the parameters that the sampler of the trial proposes."""
    ranges = {name: _range(name, present) for name in PARAMETERS}
    proposed = {
        "iterations": trial.suggest_int("iterations", *map(int, ranges["iterations"]), log=True),
        "depth": trial.suggest_int("depth", *map(int, ranges["depth"])),
        "learning_rate": trial.suggest_float("learning_rate", *ranges["learning_rate"], log=True),
        "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", *ranges["l2_leaf_reg"]),
    }
    return present.model_copy(update={name: _short(value, getattr(present, name)) for name, value in proposed.items()})


def parameters(settings: Training) -> dict[str, float]:
    """The searched ones, by name."""
    return {name: getattr(settings, name) for name in PARAMETERS}


def _range(name: str, present: Training) -> tuple[float, float]:
    low, high = RANGES[name]
    return min(low, getattr(present, name)), max(high, getattr(present, name))


def _short(value: float, present: float) -> float:
    return value if isinstance(value, int) or value == present else float(f"{value:.{DIGITS}g}")
