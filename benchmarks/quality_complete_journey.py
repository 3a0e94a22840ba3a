"""Quality on Complete Journey: 28 days of silence after 2017-11-20, one test date.

Population: households with a purchase in the 180 days before. Training: the default eight snapshots 28 days apart,
matured by the test date (the reference figures used seven, from 2017-04-01 on).
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from benchmarks.quality import churn, show

SNAPSHOT, HORIZON_DAYS = date(2017, 11, 20), 28
# AUC, average precision, top-decile lift, Brier, ECE of the same split, population and label.
RIVALS = {
    "recency alone": (0.785, 0.507, 3.45, None, None),
    "BG/NBD expected purchases": (0.856, 0.581, 3.57, None, None),
    "logistic on RFM": (0.854, 0.555, 3.24, 0.113, 0.055),
    "CatBoost, one slice": (0.865, 0.565, 3.47, 0.108, 0.045),
    "CatBoost, several slices": (0.877, 0.591, 3.71, 0.102, 0.027),
    "small CatBoost, several slices": (0.877, 0.588, 3.66, 0.101, 0.019),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        churn(home, "load", "complete-journey")
        churn(home, "run", "--snapshot", SNAPSHOT.isoformat())
        show(f"Complete Journey at {SNAPSHOT}, {HORIZON_DAYS} days", home, SNAPSHOT, HORIZON_DAYS, RIVALS)


if __name__ == "__main__":
    main()
