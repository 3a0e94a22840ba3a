"""Adapters of public data sets and shop systems: their own files -> the raw contract. Nothing here writes the landing.

To bring another source: copy `cdnow.py`, keep NAME, SUMMARY, SETTINGS, REASONS and `tables`, and name the module below.
"""

from __future__ import annotations

from churn_assets.sources import cdnow, complete_journey
from churn_assets.sources.adapter import SourceAdapter, SourceError

__all__ = ["ADAPTERS", "SourceAdapter", "SourceError"]

_MODULES: tuple[SourceAdapter, ...] = (complete_journey, cdnow)
ADAPTERS: dict[str, SourceAdapter] = {module.NAME: module for module in _MODULES}
