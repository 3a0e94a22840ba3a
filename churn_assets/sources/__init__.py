"""Adapters of public data sets and shop systems: their own files -> the raw contract. Nothing here writes the landing.

To bring another source: copy `cdnow.py`, keep NAME, SUMMARY, SETTINGS, REASONS and `tables`, and name the module below.
"""

from __future__ import annotations

from churn_assets.sources import cdnow, complete_journey
from churn_assets.sources.adapter import Adapter, SourceError

__all__ = ["ADAPTERS", "Adapter", "SourceError"]

_MODULES: tuple[Adapter, ...] = (complete_journey, cdnow)
ADAPTERS: dict[str, Adapter] = {module.NAME: module for module in _MODULES}
