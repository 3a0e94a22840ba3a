"""An interval that stays right however often it is looked at.

A 95 % interval that is read every week misses the truth in one week or another far more often than 5 times in 100. This
one holds in all weeks together (Robbins' normal mixture, 1970; with estimated variances: Waudby-Smith et al., 2024,
"Time-uniform central limit theory"). It is wider: about 1.5 times where it is tightest.
"""

from __future__ import annotations

import math

ALPHA = 0.05
# The effect at which the interval is meant to be tightest, in standard deviations of the outcome of one user: what is
# called a small effect (Cohen, 1988). It is fixed beforehand, since a choice by the data would be one more look.
TYPICAL_EFFECT = 0.1


def always_valid_reach(error: float, spread: float) -> float:
    """Half the width. `error`: standard error of the effect; `spread`: standard deviation of one user's outcome."""
    information, mixing = error**-2, (TYPICAL_EFFECT * spread) ** -2
    total = information + mixing
    return math.sqrt(total * math.log(total / (mixing * ALPHA**2))) / information
