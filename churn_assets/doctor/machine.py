"""The machine and the installation that a home is looked at from, apart from the home: a test plants another one."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from churn_assets.ui.listener import PortTaken, listen
from churn_assets.warehouse.project import source_files, target_folder

PACKAGE = "churn-assets"
PORTS = {3000: "churn ui", 3100: "churn console"}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "~/.fonts",
    "~/.local/share/fonts")  # fmt: skip
CHINESE_FONTS = (
    "cjk",
    "wqy",
    "sourcehan",
    "pingfang",
    "heiti",
    "songti",
    "simsun",
    "msyh",
    "notosanssc",
)


@dataclass(frozen=True)
class Machine:
    """`now`: naive UTC. `wrong_packages`: package and what is there against what is pinned. `taken_ports`: of PORTS."""

    now: datetime
    python: tuple[int, int]
    wrong_packages: Mapping[str, str]
    free_bytes: int
    free_files: int
    taken_ports: Collection[int]
    has_chinese_font: bool
    is_prepared: bool
    """Whether the dbt project of the installation was parsed as it is."""


def this_machine(root: Path) -> Machine:
    """The machine as it is now, with the disk that `root` is on."""
    place = next(folder for folder in (root, *root.parents) if folder.exists())
    return Machine(
        datetime.now(UTC).replace(tzinfo=None),
        sys.version_info[:2],
        wrong_packages(),
        shutil.disk_usage(place).free,
        _free_files(place),
        [port for port in PORTS if _is_taken(port)],
        _has_chinese_font(),
        _is_prepared(),
    )


def wrong_packages() -> dict[str, str]:
    """Packages of the installation that are missing, or not of the version they are pinned to."""
    wrong = {}
    for text in requires(PACKAGE) or []:
        pin = Requirement(text)
        if pin.marker is None or pin.marker.evaluate({"extra": ""}):
            try:
                installed = version(pin.name)
            except PackageNotFoundError:
                wrong[pin.name] = f"missing, {pin.specifier} is needed"
            else:
                if not pin.specifier.contains(installed, prereleases=True):
                    wrong[pin.name] = f"{installed}, {pin.specifier} is needed"
    return wrong


def _free_files(place: Path) -> int:
    """Files that may still be made on a disk; some file systems have no limit, and say 0 of 0."""
    status = os.statvfs(place)
    return status.f_favail if status.f_files else sys.maxsize


def _is_taken(port: int) -> bool:
    listener: socket.socket | None = None
    try:
        listener = listen(port)
    except PortTaken:
        return True
    finally:
        if listener:
            listener.close()
    return False


def _has_chinese_font() -> bool:
    """Whether a font with Chinese characters is installed, by the names of the files."""
    folders = [Path(name).expanduser() for name in FONT_FOLDERS]
    names = (file.name.lower() for folder in folders if folder.is_dir() for file in folder.rglob("*.[ot]t[fc]"))
    return any(font in name for name in names for font in CHINESE_FONTS)


def _is_prepared() -> bool:
    manifest = target_folder() / "manifest.json"
    return manifest.exists() and manifest.stat().st_mtime >= max(
        file.stat().st_mtime for file in source_files("models", "macros", "tests")
    )
