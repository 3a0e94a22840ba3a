"""Faults of the raw tables: whether they are there, and fresh. What is wrong with their rows says `churn check`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from churn_assets.doctor.finding import Finding
from churn_assets.doctor.scene import Scene
from churn_assets.duck import duck
from churn_assets.instance.calendar import CADENCE_DAYS
from churn_assets.landing.contents import LandingContents
from churn_assets.landing.errors import LandingError
from churn_assets.settings.load import SettingsError

if TYPE_CHECKING:
    from churn_assets.pulling.health import SourceHealth

SILENT_CONSENT_DAYS = 60  # consents of a shop that goes on selling change now and then


def landing(scene: Scene) -> Iterator[Finding]:
    if scene.landing is not None and not isinstance(scene.landing, LandingContents):
        yield Finding("landing", "error", " ".join(str(scene.landing).split()), "churn check says what is missing")


def landing_readable(scene: Scene) -> Iterator[Finding]:
    folder = Path(scene.home.landing) if scene.settings else scene.root / "landing"
    closed = [path for path in (folder, *folder.rglob("*")) if path.exists() and not os.access(path, os.R_OK)]
    if closed:
        yield Finding(
            "landing_readable", "error", f"{len(closed)} raw paths are closed to this user (the first: {closed[0]}).",
            f"let this user read them: chown -R USER {folder}",
        )  # fmt: skip


def landing_fresh(scene: Scene) -> Iterator[Finding]:
    """Orders reach into the cadence before the newest snapshot that has come."""
    if scene.reach is None or scene.settings is None or scene.calendar is None:
        return
    days = CADENCE_DAYS[scene.settings.calendar.cadence]
    dates = scene.calendar.dates(scene.now)
    if dates and scene.reach < datetime.combine(dates[-1], datetime.min.time()) - timedelta(days=days):
        yield Finding(
            "landing_fresh", "warning",
            f"The newest order was known at {scene.reach:%Y-%m-%d}, more than {days} days before snapshot {dates[-1]}.",
            "see why the export of raw tables has stopped, and deliver what is missing",
        )  # fmt: skip


def consent_fresh(scene: Scene) -> Iterator[Finding]:
    """Consents still arrive while orders do: a withdrawal that does not arrive is a message to somebody who said no."""
    if scene.reach is None or not isinstance(scene.landing, LandingContents):
        return
    table = scene.landing.tables.get("consents")
    if table is None:
        return
    try:
        with duck() as connection:
            row = connection.execute(
                f"select max(known_at) from {table.scan} where known_at < ?", [table.reading.now]
            ).fetchone()
    except duckdb.Error as error:
        yield Finding("consent_fresh", "error", f"Consents cannot be read: {error}", "churn check says which file")
        return
    newest = row[0] if row else None
    if newest is None or newest < scene.reach - timedelta(days=SILENT_CONSENT_DAYS):
        since = f"since {newest:%Y-%m-%d}" if newest else "at all"
        yield Finding(
            "consent_fresh", "warning", f"No consent has arrived {since}, while orders reach {scene.reach:%Y-%m-%d}.",
            "see why the export of consents has stopped, before anything is sent",
        )  # fmt: skip


def sources_answer(scene: Scene) -> Iterator[Finding]:
    """Databases that mapping.yaml names can be read as it says."""
    for source in _sources(scene):
        if source.problem:
            yield Finding(
                "sources_answer", "error", source.problem, "a run begins by reading it: churn pull says whether it does"
            )


def sources_fresh(scene: Scene) -> Iterator[Finding]:
    """They were read lately."""
    days = CADENCE_DAYS[scene.settings.calendar.cadence] if scene.settings else 0
    for source in _sources(scene):
        if source.read_at is None or source.read_at < scene.now - timedelta(days=days):
            since = f"since {source.read_at:%Y-%m-%d %H:%M} UTC" if source.read_at else "at all"
            yield Finding(
                "sources_fresh",
                "warning",
                f"Source {source.name} was not read {since}.",
                "churn pull reads what is new",
            )


def _sources(scene: Scene) -> Sequence[SourceHealth]:
    try:
        return scene.sources
    except (SettingsError, LandingError):
        return ()  # the finding on the landing says what is wrong with mapping.yaml


CHECKS = (landing, landing_readable, landing_fresh, consent_fresh, sources_answer, sources_fresh)
