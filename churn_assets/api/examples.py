"""Examples of answers and requests for OpenAPI; a test holds them against the models."""

from __future__ import annotations

from typing import Any, Final

SCORE: Final = {
    "status": "eligible", "churn_probability": 0.7312984512, "usual_probability": 0.2101, "risk_rank": 41,
    "risk_tier": "urgent", "expected_spend_amount": 96.4, "expected_spend_low_amount": 22.5,
    "expected_spend_high_amount": 210.75, "value_at_risk_amount": 70.49717069568, "reason_1": "engagement",
    "reason_2": "service", "reason_3": None, "model_version": "3f9a1c0b7d2e", "features_version": "5b1f0c2d9e8a",
    "scored_at": "2026-11-16T00:00:00Z",
}  # fmt: skip
USER: Final[dict[str, Any]] = {
    "user_id": "u000123",
    "snapshot_date": "2026-11-16",
    "score": SCORE,
    "reasons": [
        {
            "kind": "actionable", "reason_rank": 1, "reason_group": "service", "feature": "tickets_open_count",
            "feature_value": 2.0, "contribution": 0.41, "text_en": "2 support tickets are open.",
            "text_zh": "有 2 个未结的客服工单。",
        },
    ],
    "decision": {
        "decision_id": "0f" * 16, "policy_version": "value-1a2b3c4d", "arm": "coupon", "propensity": 0.9,
        "is_holdout": False, "is_exploration": False, "binding_constraint": None, "expected_gain_amount": 7.2,
        "expected_cost_amount": 1.1, "decided_at": "2026-11-16T00:00:00Z", "intended_arm": "coupon",
        "channel": "email", "reason": "service", "value_at_risk_amount": 70.49717069568,
        "churn_probability": 0.7312984512, "level": "10", "intended_level": "10",
    },
}  # fmt: skip
PAGE: Final = {
    "snapshot_date": "2026-11-16",
    "users": [{"user_id": "u000123", "snapshot_date": "2026-11-16", **SCORE}],
    "next": "7a3f09c2d41be856",
}
SNAPSHOTS: Final = {
    "snapshots": [
        {
            "snapshot_date": "2026-11-16", "users": 20_000, "sha256": "5d" * 32,
            "published_at": "2026-11-17T04:12:09.120000Z",
        },
    ],
    "next": None,
}  # fmt: skip
PLAN: Final = {
    "snapshot_date": "2026-11-16", "policy_version": "value-1a2b3c4d", "plan_sha256": "9c" * 32, "messages": 212,
    "expected_cost_amount": 233.2,
    "lines": [
        {
            "channel": "email", "arm": "coupon", "level": "10", "state": "planned", "messages": 212,
            "expected_cost_amount": 233.2,
        },
    ],
}  # fmt: skip
EFFECTS: Final = {
    "snapshot_date": "2026-11-16",
    "arms": [
        {
            "treatment": "coupon_10", "dimension": "all", "segment": "all", "metric": "retained", "window_days": 28,
            "campaigns": 4, "weeks": 4, "users": 5120, "control_users": 1280, "mean": 0.41, "control_mean": 0.37,
            "effect": 0.04, "effect_error": 0.011, "effect_low": 0.018, "effect_high": 0.062, "p_value": 0.0003,
            "adjusted_p_value": 0.002, "variance_saved_share": 0.12, "verdict": "better", "note": None,
        },
    ],
    "program": [],
}  # fmt: skip
RECEIPTS: Final = {
    "events": [
        {"message_key": "0f" * 16, "event": "delivered", "occurred_at": "2026-11-17T09:00:04Z"},
        {"message_key": "1e" * 16, "event": "bounced", "occurred_at": "2026-11-17T09:00:05Z", "is_hard": True},
    ]
}
TAKEN: Final = {
    "taken": 1, "repeated": 0, "refused": 1, "refusals": [{"place": 1, "why": "no message has this key"}],
}  # fmt: skip
