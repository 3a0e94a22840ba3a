"""Faults of the machine and of the installation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from churn_assets.doctor.finding import Finding
from churn_assets.doctor.machine import PORTS
from churn_assets.doctor.scene import Scene
from churn_assets.failures import LEAST_BYTES, needed_bytes
from churn_assets.instance.run_locks import is_held

PYTHONS = ((3, 11), (3, 13))
GIGABYTE = 1 << 30
LEAST_FILES = 1000
CLOCK_SLACK = timedelta(minutes=5)


def python_version(scene: Scene) -> Iterator[Finding]:
    lowest, highest = PYTHONS
    if not lowest <= scene.machine.python <= highest:
        there = ".".join(map(str, scene.machine.python))
        yield Finding(
            "python_version", "error", f"Python {there} runs this; 3.11, 3.12 and 3.13 are supported.",
            "install one of them, then: make setup PYTHON=python3.12",
        )  # fmt: skip


def package_versions(scene: Scene) -> Iterator[Finding]:
    for name, text in sorted(scene.machine.wrong_packages.items()):
        yield Finding("package_versions", "error", f"Package {name}: {text}.", "install what is locked: make setup")


def installation(scene: Scene) -> Iterator[Finding]:
    if not scene.machine.is_prepared:
        yield Finding(
            "installation", "warning", "The dbt project has changed since it was parsed: every command parses it.",
            "churn prepare, as the user who owns the installation",
        )  # fmt: skip


def disk_space(scene: Scene) -> Iterator[Finding]:
    free, needed = scene.machine.free_bytes, needed_bytes(scene.root)
    if free < needed:
        yield Finding(
            "disk_space", "error" if free < LEAST_BYTES else "warning",
            f"{free / GIGABYTE:.1f} GB are free on the disk of {scene.root}; a run needs {needed / GIGABYTE:.1f} GB.",
            "free some space there, or move the home to a larger disk",
        )  # fmt: skip
    if scene.machine.free_files < LEAST_FILES:
        yield Finding(
            "disk_space", "error", f"The disk of {scene.root} has room for {scene.machine.free_files} more files.",
            "remove files there (the file system has no free inodes)",
        )  # fmt: skip


def port(scene: Scene) -> Iterator[Finding]:
    if is_held(scene.home.locks / "ui.lock"):
        return  # this home's own UI serves
    for number in sorted(scene.machine.taken_ports):
        yield Finding(
            "port", "warning", f"Port {number}, which {PORTS.get(number, 'churn')} serves on, is taken by a program.",
            f"stop that program, or choose another port: {PORTS.get(number, 'churn ui')} --port 0",
        )  # fmt: skip


def fonts(scene: Scene) -> Iterator[Finding]:
    if not scene.machine.has_chinese_font:
        yield Finding(
            "fonts", "note", "No Chinese font is installed: Chinese reports opened on this machine show boxes.",
            "install one (Debian: apt install fonts-noto-cjk), or open reports elsewhere",
        )  # fmt: skip


def clock(scene: Scene) -> Iterator[Finding]:
    """Times on record lie in the past, unless the clock was set back or stands in local time."""
    newest = max((each.published_at for each in scene.partitions), default=scene.now)
    if newest > scene.now + CLOCK_SLACK:
        yield Finding(
            "clock", "error",
            f"The clock says {scene.now:%Y-%m-%d %H:%M} UTC, and a partition was published at {newest:%Y-%m-%d %H:%M}.",
            "set the clock of this machine (timedatectl set-ntp true)",
        )  # fmt: skip


CHECKS = (python_version, package_versions, installation, disk_space, port, fonts, clock)
