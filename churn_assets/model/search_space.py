"""Which parameters of the trees are searched, and how far around what is sensible for a few ten thousand users."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.trial import Trial

    from churn_assets.settings import Training

PARAMETERS = ("iterations", "depth", "learning_rate", "l2_leaf_reg")
# Lowest and highest; a present setting beyond them widens the range to itself.
RANGES = {"iterations": (100, 800), "depth": (2, 6), "learning_rate": (0.01, 0.2), "l2_leaf_reg": (1.0, 60.0)}
DIGITS = 3  # of a parameter: what lies beyond changes no model worth speaking of, and has to be typed


def suggest(trial: Trial, present: Training) -> Training:
    """The settings with the parameters that the sampler of the trial proposes."""
    ends = {name: _range(name, present) for name in PARAMETERS}
    found = {
        "iterations": trial.suggest_int("iterations", *map(int, ends["iterations"]), log=True),
        "depth": trial.suggest_int("depth", *map(int, ends["depth"])),
        "learning_rate": trial.suggest_float("learning_rate", *ends["learning_rate"], log=True),
        "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", *ends["l2_leaf_reg"]),
    }
    return present.model_copy(update={name: _short(value, getattr(present, name)) for name, value in found.items()})


def parameters(settings: Training) -> dict[str, float]:
    """The searched ones, by name."""
    return {name: getattr(settings, name) for name in PARAMETERS}


def _range(name: str, present: Training) -> tuple[float, float]:
    low, high = RANGES[name]
    return min(low, getattr(present, name)), max(high, getattr(present, name))


def _short(value: float, present: float) -> float:
    return value if isinstance(value, int) or value == present else float(f"{value:.{DIGITS}g}")
