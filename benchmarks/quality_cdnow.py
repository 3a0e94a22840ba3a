"""Quality on CDNOW: 90 days of silence after 1998-01-01, one test date. Needs CDNOW_master.txt (`--from FILE`).

Population: everyone who ever bought, all 23,570. Training: the default eight snapshots 28 days apart, matured by the
test date (the reference figures used four, the first of each month from 1997-07 on).
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date
from pathlib import Path

from benchmarks.quality import churn, show

SNAPSHOT, HORIZON_DAYS = date(1998, 1, 1), 90
# AUC, average precision, top-decile lift, Brier, ECE of the same split, population and label.
RIVALS = {
    "recency alone": (0.793, 0.939, 1.14, None, None),
    "BG/NBD expected purchases": (0.798, 0.933, 1.12, None, None),
    "logistic on RFM": (0.806, 0.943, 1.15, 0.105, 0.015),
    "CatBoost, one slice": (0.801, 0.941, 1.14, 0.112, 0.043),
    "CatBoost, several slices": (0.804, 0.942, 1.15, 0.109, 0.038),
    "small CatBoost, several slices": (0.806, 0.942, 1.15, 0.105, 0.025),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="file", type=Path, required=True, help="CDNOW_master.txt")
    file = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        churn(home, "load", "cdnow", "--from", str(file))
        churn(home, "run", "--snapshot", SNAPSHOT.isoformat())
        show(f"CDNOW at {SNAPSHOT}, {HORIZON_DAYS} days", home, SNAPSHOT, HORIZON_DAYS, RIVALS)


if __name__ == "__main__":
    main()
