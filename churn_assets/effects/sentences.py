"""Effects in words: what a person reads who has paid for a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn_assets.effects.metrics import METRICS

UNITS = {"share": "{:+.1%}", "count": "{:+.3f}", "amount": "{:+,.2f}"}


def effect_sentence(row: Mapping[str, Any]) -> str:
    """`coupon_10: retained +3.0% [+1.3%, +4.7%] of 2,301 users against 512 left alone in 9 weeks: better`."""
    who = f"{row['users']:,} users against {row['control_users']:,} left alone in {row['weeks']} weeks"
    if row["effect_low"] is None:
        return f"{row['treatment']}: {row['metric']} unknown of {who} ({row['note']})"
    return f"{row['treatment']}: {row['metric']} {_interval(row)} of {who}: {row['verdict']}"


def program_sentence(row: Mapping[str, Any]) -> str:
    """`margin_amount +1.20 [-0.40, +2.80] per user, +12,000 [-4,000, +28,000] in all, since 2026-03-02`."""
    if row["effect_low"] is None:
        return f"{row['metric']} unknown since {row['since_date']} ({row['note']})"
    total = f"{row['total']:+,.0f} [{row['total_low']:+,.0f}, {row['total_high']:+,.0f}] in all"
    is_zero_inside = row["always_valid_low"] <= 0 <= row["always_valid_high"]
    proven = "not proven yet" if is_zero_inside else "proven, however often it is looked at"
    return f"{row['metric']} {_interval(row)} per user, {total}, since {row['since_date']}: {proven}"


def policy_sentence(row: Mapping[str, Any]) -> str:
    """`learned: margin_amount +1.20 [+0.40, +2.00] per user beyond none, by 812 users' worth of draws: better`."""
    worth = f"by {row['effective_users']:,.0f} users' worth of draws"
    if row["effect_low"] is None:
        return f"{row['policy']}: {row['metric']} unknown, {worth}: {row['verdict']}"
    return f"{row['policy']}: {row['metric']} {_interval(row)} per user beyond none, {worth}: {row['verdict']}"


def side_sentence(row: Mapping[str, Any]) -> str:
    """`against usual: margin_amount +0.20 [-0.10, +0.50] per user, 812 users against 205 in 9 weeks: not proven`."""
    who = f"{row['users']:,} users against {row['against_users']:,} in {row['weeks']} weeks"
    if row["effect_low"] is None:
        return f"against {row['against']}: {row['metric']} unknown, {who} ({row['note']})"
    return f"against {row['against']}: {row['metric']} {_interval(row)} per user, {who}: {row['verdict']}"


def _interval(row: Mapping[str, Any]) -> str:
    form = UNITS[METRICS[row["metric"]].unit]
    return "{} [{}, {}]".format(*(form.format(row[name]) for name in ("effect", "effect_low", "effect_high")))


def return_sentence(row: Mapping[str, Any]) -> str:
    """What a treatment brought per spent."""
    if row["return_ratio"] is None:
        return f"{row['treatment']}: not known ({row['note']})"
    interval = f"[{row['return_low']:.2f}, {row['return_high']:.2f}]"
    return f"{row['treatment']}: {row['return_ratio']:.2f} {interval} of margin per 1 spent, of {row['users']:,} users"
