"""A check that does not pass is told in a sentence, also where the check states figures alone."""

from __future__ import annotations

from datetime import date

import dagster as dg

from churn_assets.defs.snapshot_checks import CheckOutcome, check_result, not_so

CLAIM = """Nobody of the holdout
    is treated. It was drawn before."""


def test_a_check_without_a_sentence_says_that_its_claim_is_not_so_and_by_which_figures() -> None:
    outcomes = {
        date(2026, 11, 9): CheckOutcome(passed=True),
        date(2026, 11, 16): CheckOutcome(passed=False, figures={"users_touched": 3, "share_of_them_share": 0.25}),
    }
    result = check_result(outcomes, dg.AssetCheckSeverity.ERROR, claim=CLAIM)
    expected = "Nobody of the holdout is treated: not so at 2026-11-16 (users touched 3, share of them (%) 25.0)."
    assert result.description == expected


def test_a_check_with_a_sentence_says_that() -> None:
    outcomes = {date(2026, 11, 16): CheckOutcome(passed=False, figures={"users": 3}, sentence="Three are.")}
    assert check_result(outcomes, dg.AssetCheckSeverity.WARN, claim=CLAIM).description == "Three are."
    outcomes = {date(2026, 11, 16): CheckOutcome(passed=True, sentence="Three are.")}
    assert check_result(outcomes, dg.AssetCheckSeverity.WARN, claim=CLAIM).description is None


def test_figures_that_are_pictures_or_tables_are_left_out() -> None:
    assert not_so("A.", "x", {"table": dg.MetadataValue.md("| a |")}) == "A: not so at x."
