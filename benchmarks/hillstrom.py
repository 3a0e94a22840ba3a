"""Whom to mail in a real randomised experiment: learners of effects and targeting by risk, with intervals.

Hillstrom's e-mail experiment (MineThatData 2008): 64,000 customers, mailed about women's or men's goods or not at all.
`python -m benchmarks.hillstrom --data hillstrom.csv`
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.qini import Qini, qini
from benchmarks.uplift_learners import LEARNERS, Floats, out_of_fold, outcome_out_of_fold
from churn_assets.effects.uplift import Uplift, fit_uplift

ARMS = {"women's": "Womens E-Mail", "men's": "Mens E-Mail"}
CONTROL = "No E-Mail"
OUTCOMES = ("visit", "spend")
NUMBERS = ("recency", "history", "mens", "womens", "newbie")
CATEGORIES = ("zip_code", "channel")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    chosen = parser.parse_args()
    users = pl.read_csv(chosen.data, infer_schema_length=None)
    started = time.perf_counter()
    for outcome in OUTCOMES:
        table = Table("policy", *(f"{arm}: Qini; effect in the top fifth" for arm in ARMS), title=outcome)
        columns = [measured(of_arm(users, arm), outcome) for arm in ARMS]
        for name in columns[0]:
            table.add_row(name, *(_text(column[name]) for column in columns))
        differs = [line_of(of_arm(users, arm), outcome) for arm in ARMS]
        table.caption = "; ".join(
            f"{arm}: effects {'differ' if fit.differs else 'are not proven to differ'} (p = {fit.differs_p_value:.2g})"
            for arm, fit in zip(ARMS, differs, strict=True)
        )
        Console().print(table)
    Console().print(f"{time.perf_counter() - started:.0f} s")


def of_arm(users: pl.DataFrame, arm: str) -> pl.DataFrame:
    """The users of one arm and those left alone, with numbers for categories."""
    rows = users.filter(pl.col("segment").is_in([ARMS[arm], CONTROL]))
    return rows.select(
        *NUMBERS, *CATEGORIES, *OUTCOMES, is_treated=pl.col("segment") == ARMS[arm]
    ).to_dummies(CATEGORIES, drop_first=True)  # fmt: skip


def measured(rows: pl.DataFrame, outcome: str) -> dict[str, Qini]:
    """By learner and by risk, each out of fold."""
    treated = rows["is_treated"].to_numpy()
    x, t, y = features_of(rows), treated.astype(float), rows[outcome].cast(pl.Float64).to_numpy()
    share = float(t.mean())
    rankings = {name: out_of_fold(learner, x, t, y, share) for name, learner in LEARNERS.items()}
    alone = outcome_out_of_fold(x, t, y)
    rankings |= {f"least {outcome} expected first": -alone, f"most {outcome} expected first": alone}
    return {name: qini(ranking, y, treated) for name, ranking in rankings.items()}


def features_of(rows: pl.DataFrame) -> Floats:
    return rows.drop("is_treated", *OUTCOMES).cast(pl.Float64).to_numpy()


def line_of(rows: pl.DataFrame, outcome: str) -> Uplift:
    """Raises ValueError where there is none."""
    names = [name for name in rows.columns if name not in ("is_treated", *OUTCOMES)]
    share = float(rows["is_treated"].mean())  # type: ignore[arg-type]
    known = rows.with_columns(user_id=pl.int_range(pl.len()).cast(pl.String), stratum=0, propensity=share)
    fit = fit_uplift(known, outcome, names)
    if fit is None:
        raise ValueError(f"{outcome}: no line")
    return fit


def _text(of: Qini) -> str:
    verdict = " harmful" if of.is_harmful else "" if of.is_proven else " not proven"
    return f"{of.value:.4f} [{of.low:.4f}, {of.high:.4f}]{verdict}; {of.top_effect:.4f}"


if __name__ == "__main__":
    main()
