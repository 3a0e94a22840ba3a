from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from churn_assets.model.tiers import WARNED_SCHEMA, warned_churners
from churn_assets.monitoring.definitions import SCHEMA
from churn_assets.monitoring.warned import ScoredPast, lead_sentence, warned_sentence

DAY, SLICE = date(2026, 11, 16), date(2026, 10, 19)


def measures(churners: int, share: float | None, warned: int, days: float | None) -> pl.DataFrame:
    rows = [
        ("inactivity", "warned_share", churners, share),
        ("inactivity", "lead_median_days", warned, days),
        ("reduced", "warned_share", 999, 0.1),
    ]
    names = ("definition", "measure", "users", "value")
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows], schema=SCHEMA)


def test_what_alarms_held_of_the_lost_spend_is_said_with_their_number() -> None:
    tiers = pl.Series(["urgent", "urgent", "watch", "small", "small"])
    churned = pl.Series([True, False, True, True, False]).to_numpy()
    spend = pl.Series([50.0, 10.0, 25.0, 25.0, 5.0]).to_numpy()
    table = warned_churners(tiers, churned, spend, snapshot=DAY, slice_date=SLICE)
    assert warned_sentence(table) == (
        "75% of the expected spend of the churners at 2026-10-19 was with users in urgent or watch: 3 alarms for 5 "
        "users, with 2 of 3 churners"
    )


def test_without_a_test_out_of_time_nothing_is_claimed() -> None:
    assert warned_sentence(pl.DataFrame(schema=WARNED_SCHEMA)) == "not known: nothing could be tested out of time"


CASES = {
    "not known yet: no snapshot that was scored has matured": (ScoredPast((), 0, 0), measures(0, None, 0, None)),
    "not known yet: nobody churned after having stayed at an earlier one (1 scored snapshot from 2026-10-19 on, "
    "612 alarms in 2,040 scores)": (ScoredPast((SLICE,), 2_040, 612), measures(0, None, 0, None)),
    "260 of 400 churners (65%) had an alarm before their label window, half of them 21 days or more before it "
    "(2 scored snapshots from 2026-10-19 on, 1,200 alarms in 4,080 scores)": (
        ScoredPast((SLICE, DAY), 4_080, 1_200),
        measures(400, 0.65, 260, 21.0),
    ),
    "0 of 400 churners (0%) had an alarm before their label window (2 scored snapshots from 2026-10-19 on, "
    "0 alarms in 4,080 scores)": (ScoredPast((SLICE, DAY), 4_080, 0), measures(400, 0.0, 0, None)),
}


@pytest.mark.parametrize("sentence", CASES)
def test_how_early_is_said_with_the_snapshots_it_rests_on(sentence: str) -> None:
    past, table = CASES[sentence]
    assert lead_sentence(table, "inactivity", past) == sentence
