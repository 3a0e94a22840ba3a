"""Facts of a snapshot as a report is made of them, of a shop that exists only here."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from churn_assets.report.compared import AgainstSide, Compared, Group, Slot
from churn_assets.report.estimate import Estimate
from churn_assets.report.facts import Facts, PastWeek, ReasonCount, Stopped
from churn_assets.report.measured import ArmEffect, Programme, Week
from churn_assets.report.planned import LeftAlone, Measured, Plan, PlannedArm
from churn_assets.report.population import Movement, Population, Tier
from churn_assets.report.samples import Sample, SampledArm
from churn_assets.report.trust import DataSource, Expected, ModelChoice, Past, Ranked, Warned

DAY, BEFORE = date(2026, 11, 16), date(2026, 11, 9)
COUPON = PlannedArm(
    "coupon_10", "coupon", "10", "email", 150, 375.0, 1_800.0, 0.10,
    Measured(9, 2_301, 512, Estimate(0.030, 0.013, 0.047), Estimate(1.2, -0.4, 2.8)),
    [("rhythm", 90), ("offers", 60)], [("loyal", 100), ("big_spender", 50)],
)  # fmt: skip
CALL = PlannedArm("care_call", "care_call", None, "call", 46, 184.0, 1_169.0, 0.15, None, [("service", 46)], [])
SAMPLE = Sample(
    "Take <b>10 %</b> off", "Until {valid_until} & longer.\n\nNo more: {unsubscribe_url}", "en", ["Soap & Co"],
    has_code=True, code_from="pool",
)  # fmt: skip

WEEKS = [Week(f"c{week:04}", BEFORE, Estimate(0.02, -0.03, 0.07)) for week in range(4, 76, 8)]


def facts(**changes: Any) -> Facts:
    """Of a whole snapshot; `changes` replace fields."""
    whole = Facts(
        snapshot=DAY,
        population=Population(
            DAY, {"eligible": 10_672, "lapsed": 7_390, "new": 815, "objected": 1_122}, 10_672, 0.58, 1_604_000.0,
            [Tier("urgent", 1_068, 0.97, 310_000.0), Tier("watch", 2_134, 0.83, 200_000.0),
             Tier("small", 7_470, 0.45, 1_094_000.0)],
            [0, 120, 400, 900, 1_500, 1_700, 1_900, 1_800, 1_500, 852], "0123456789ab",
        ),
        movement=Movement(BEFORE, 2_700, 400, 102, 303, 159, 2, 1, is_same_model=False),
        plan=Plan(
            "rules", [COUPON, CALL], (1_000.0, 559.0, 2.4),
            [("value", 210, 3_100.0, 600.0, False), ("rules", 196, 2_969.0, 559.0, True)], 181, 12,
            (BEFORE, {"coupon_10": 140, "reminder_email": 900}, 540.0),
        ),
        valid_until=datetime(2026, 11, 23),
        samples=[SampledArm("coupon_10", "email", 150, [SAMPLE] * 5), SampledArm("care_call", "call", 46, [SAMPLE])],
        left_alone=[LeftAlone("small_stake", 7_383, 800_000.0), LeftAlone("budget", 859, 90_000.0),
                    LeftAlone("holdout", 181, 20_000.0)],
        reasons=[ReasonCount("engagement", 3_067, 495_000.0), ReasonCount("service", 1_002, 222_000.0)],
        tenures=[("under 91 days", 2_000, {"engagement": 400}), ("91 to 364 days", 4_000, {"service": 9})],
        weeks=[
            PastWeek(date(2026, 11, 2), 3_100, 529_000.0, {"engagement": 2_900, "service": 745}, 1_456, 1_000.0),
            PastWeek(BEFORE, 3_180, 517_000.0, {"engagement": 3_000, "service": 757}, 1_499, 999.0),
            PastWeek(DAY, 3_202, 510_000.0, {"engagement": 3_067, "service": 1_002}, 196, 559.0),
        ],
        effects=[
            ArmEffect("coupon_10", 9, 2_301, 512, Estimate(0.019, 0.008, 0.03), Estimate(1.2, -0.4, 2.8), "better",
                      "not proven", WEEKS, Estimate(1.9, 0.7, 3.1)),
            ArmEffect("reminder_email", 9, 2_300, 512, Estimate(0.006, -0.005, 0.017), Estimate(0.1, -0.2, 0.4),
                      "not proven", "better", []),
            ArmEffect("care_call", 1, 3, 1, None, None, "unknown", "unknown", []),
        ],
        programme=Programme(date(2026, 3, 2), 9_000, 900, Estimate(0.01, -0.01, 0.03), Estimate(1.2, -0.4, 2.8),
                            Estimate(12_000.0, -4_000.0, 28_000.0), is_proven=False, note=None),
        stopped=[],
        weeks_to_show=[(0.01, 290.0), (0.02, 72.0), (0.05, float("inf"))],
        models=[Ranked("blend", 0.783, 0.771, 0.792, is_shipped=True),
                Ranked("recency", 0.712, 0.701, 0.723, is_shipped=False)],
        calibration_error=0.014,
        model=ModelChoice("promoted", DAY, date(2026, 11, 16), 0.012),
        past=[Past(date(2026, 10, 19), 9_000, 0.57, 0.78, 0.02), Past(date(2026, 10, 12), 9_000, 0.57, None, None)],
        expected=Expected(date(2026, 12, 14), (0.58, 0.55, 0.61), (0.78, 0.77, 0.79), season_is_known=True),
        warned=Warned(date(2026, 10, 19), 2_568, 8_560, 1_909, 5_159, 0.52),
        sources=[
            DataSource("orders", is_delivered=True, newest=date(2026, 11, 15), usual_days=1, refused=12),
            DataSource("reviews", is_delivered=False, newest=None, usual_days=0, refused=0),
        ],
        drifted=[],
        definitions=[("inactivity", 0.58), ("own_rhythm", 0.41)],
        churn_definition="inactivity",
        horizon_days=28,
        value_days=91,
        has_consents=True,
        settings_changed=[("decisions.budget_amount", "500.0", "1000.0")],
        compared=Compared(
            [AgainstSide("holdout", 9, 9_000, 900, Estimate(1.2, 0.4, 2.0), "better"),
             AgainstSide("random", 9, 812, 812, None, "unknown")],
            [Group("segment", "loyal", "coupon_10", 700, 80, Estimate(2.5, 1.1, 3.9), "better"),
             Group("channel", "email", None, 2_000, 220, Estimate(0.2, -0.5, 0.9), "not proven")],
            [("learned", "in use"), ("rules", "not proven")],
            [Slot("choice", "own_best", 4_000, 1_000, Estimate(0.04, 0.01, 0.07), None, Estimate(0.002, -0.02, 0.024),
                  Estimate(0.3, -0.2, 0.8), "better", 0.94)],
        ),
    )  # fmt: skip
    return replace(whole, **changes)


LOSING = Stopped("coupon_10", -1.5, -2.4, -0.6, is_stopped=False)
