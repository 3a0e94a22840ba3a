"""A selection of features as text tables."""

from __future__ import annotations

import polars as pl

from churn_assets.monitoring.definition_tables import UNKNOWN, TextTable

SHOWN = 25


def selection_tables(frame: pl.DataFrame) -> list[TextTable]:
    """The most important features kept, and how many were dropped for which reason; `frame` is of one snapshot."""
    kept = frame.filter("is_kept")
    dropped = frame.filter(~pl.col("is_kept"))
    counts = (
        dropped.group_by("why_dropped", maintain_order=True)
        .agg(pl.len(), pl.col("feature").head(4))
        .sort("len", descending=True)
    )
    return [
        TextTable(
            f"Kept: {kept.height} of {frame.height} features",
            ("feature", "mean |SHAP|", "rank", "worst", "spread", "above noise"),
            tuple(
                (
                    row["feature"], f"{row['mean_abs_shap']:.4f}", f"{row['rank_mean']:.1f}",
                    f"{row['rank_worst']:.0f}", f"{row['rank_spread']:.1f}", f"{row['above_noise_share']:.0%}",
                )
                for row in kept.head(SHOWN).iter_rows(named=True)
            ),
            f"The first {min(SHOWN, kept.height)}; ranks among all features, over {frame['slices'][0]} slices.",
        ),
        TextTable(
            "Dropped",
            ("why", "features", "the most important of them"),
            tuple((why, str(count), ", ".join(names)) for why, count, names in counts.iter_rows())
            or ((UNKNOWN, "0", UNKNOWN),),
            "noise: never above every shadow; unstable: only in some slices; redundant: correlated with a better one.",
        ),
    ]  # fmt: skip


def agreement_words(agreement: tuple[float, float] | None) -> str:
    """Rank correlation of all features between slices."""
    if agreement is None:
        return "One slice only: the stability of the ranks is unknown."
    return f"Ranks of two slices agree with Spearman's rho {agreement[0]:.2f}, Kendall's tau {agreement[1]:.2f} (mean)."


def proof_words(newest: dict[str, float]) -> str:
    """`newest`: the duel of kept and all features on the newest slice (see slice_duels)."""
    gain = f"{newest['gain']:+.4f} [{newest['gain_low']:+.4f}, {newest['gain_high']:+.4f}]"
    if newest["gain_low"] > 0:
        verdict = "The kept features alone predict better."
    elif newest["gain_high"] < 0:
        verdict = "The dropped features help: leave training.feature_columns at 'all'."
    else:
        verdict = "No proven difference: fewer features do as well there."
    return (
        f"Saved per user on the newest slice, whose labels were not used to select: {gain}. {verdict}\n"
        "To use the kept features from this snapshot on: training: {feature_columns: selected}"
    )
