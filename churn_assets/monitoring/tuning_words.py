"""What a search says while it runs and when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn_assets.model.search_space import parameters
from churn_assets.model.trials import FinishedTrial

UNPROVEN = "No proven difference: keep what you have."


def progress(latest: FinishedTrial, best: FinishedTrial) -> str:
    """One line per trial."""
    told = f"log-loss {latest.log_loss:.5f}" if latest.log_loss is not None else f"given up on {len(latest.losses)}"
    given = ", ".join(f"{name} {value:g}" for name, value in parameters(latest.settings).items())
    return f"Trial {latest.number}: {told} ({given}); best so far {best.log_loss:.5f} of trial {best.number}"


def advice(best: FinishedTrial, newest: Mapping[str, Any] | None) -> str:
    """`newest`: the duel of best and present on the newest slice (see slice_duels); None: best is what is set now."""
    if newest is None:
        return f"Nothing better than the present settings was found. {UNPROVEN}"
    gain = f"{newest['gain']:+.4f} [{newest['gain_low']:+.4f}, {newest['gain_high']:+.4f}]"
    if newest["gain_low"] > 0:
        verdict = "Better beyond chance there. It was chosen on these slices too, which flatters it: what it is worth "
        verdict += "shows on slices to come."
    else:
        verdict = UNPROVEN
    return "\n".join([
        f"Saved per user on the newest slice, {newest['slice_date']}: {gain}. {verdict}",
        f"For churn.yaml, if you want trial {best.number} (nothing has been changed):",
        "training:",
        *(f"  {name}: {value:g}" for name, value in parameters(best.settings).items()),
    ])  # fmt: skip
