"""Messages of a parameter search, while it runs and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn_assets.model.search_space import parameters
from churn_assets.model.trials import FinishedTrial

UNPROVEN = "No proven difference: keep what you have."


def progress(latest: FinishedTrial, best: FinishedTrial) -> str:
    """One line per trial."""
    is_pruned = latest.log_loss is None
    result = f"pruned after {len(latest.losses)} slices" if is_pruned else f"log-loss {latest.log_loss:.5f}"
    values = ", ".join(f"{name} {value:g}" for name, value in parameters(latest.settings).items())
    return f"Trial {latest.number}: {result} ({values}); best so far {best.log_loss:.5f} of trial {best.number}"


def advice(best: FinishedTrial, newest: Mapping[str, Any] | None) -> str:
    """`newest`: the duel of best and present on the newest slice (see slice_duels); None: present ones are best."""
    if newest is None:
        return f"Nothing better than the present settings was found. {UNPROVEN}"
    gain = f"{newest['gain']:+.4f} [{newest['gain_low']:+.4f}, {newest['gain_high']:+.4f}]"
    if newest["gain_low"] > 0:
        verdict = "Significantly better there. The trial was chosen on these slices too, so the gain is too high: "
        verdict += "later slices show what it is worth."
    else:
        verdict = UNPROVEN
    return "\n".join([
        f"Saved per user on the newest slice, {newest['slice_date']}: {gain}. {verdict}",
        f"For churn.yaml, if you want trial {best.number} (nothing has been changed):",
        "training:",
        *(f"  {name}: {value:g}" for name, value in parameters(best.settings).items()),
    ])  # fmt: skip
