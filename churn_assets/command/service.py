"""`churn service install`: units of systemd that keep a home's UI and console running, and back it up every week.

https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from churn_assets.failures import Failure
from churn_assets.instance.files import write_whole
from churn_assets.instance.terminal import wide_console

USER_UNITS = Path("systemd") / "user"
MARK = "# Written by churn service install; churn service remove takes it away."
UNIT = """{mark}
[Unit]
Description={description}
After=network-online.target
{unit}
[Service]
Type={type}
ExecStart={command}
EnvironmentFile=-{environment}
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
{service}"""
KEPT = """Restart=on-failure
RestartSec=30
TimeoutStopSec=60

[Install]
WantedBy=default.target
"""
TIMER = """{mark}
[Unit]
Description={description}

[Timer]
OnCalendar=Sun *-*-* 01:00:00
Persistent=yes
RandomizedDelaySec=30min

[Install]
WantedBy=timers.target
"""


class ServiceError(Failure, ValueError, code="server"):
    """A unit cannot be written."""


@dataclass(frozen=True)
class Services:
    """What is to run for a home. `backup`: the folder of backups, None: none are made."""

    home: Path
    ui_port: int
    console_port: int
    backup: Path | None

    def units(self) -> dict[str, str]:
        """Text by name of the unit."""
        name = name_of(self.home)
        units = {
            f"churn-ui-{name}.service": self._unit("Dagster UI and daemon", ["ui", "--port", str(self.ui_port)]),
            f"churn-console-{name}.service": self._unit("console", ["console", "--port", str(self.console_port)]),
        }
        if self.backup:
            units[f"churn-backup-{name}.service"] = self._unit("backup", ["backup", str(self.backup)], is_kept=False)
            units[f"churn-backup-{name}.timer"] = TIMER.format(
                mark=MARK, description=f"churn: weekly backup of {_specified(str(self.home))}"
            )
        return units

    def _unit(self, what: str, arguments: list[str], *, is_kept: bool = True) -> str:
        churn = Path(sys.executable).with_name("churn")
        words = [str(churn), *arguments, "--home", str(self.home)]
        return UNIT.format(
            mark=MARK, description=f"churn: {what} of {_specified(str(self.home))}",
            unit="StartLimitIntervalSec=600\nStartLimitBurst=5\n" if is_kept else "",
            type="exec" if is_kept else "oneshot", command=" ".join(_quoted(word) for word in words),
            environment=_specified(str(self.home / "secrets" / "environment")), service=KEPT if is_kept else "",
        )  # fmt: skip


def install(services: Services, folder: Path | None) -> None:
    """Write the units into `folder` (None: those of this user). Raises ServiceError."""
    target = folder or units_folder()
    units = services.units()
    for name in units:
        _refuse_others(target / name)
    for name, text in units.items():
        write_whole(target / name, partial(_write, text))
    started = [name for name in units if not name.startswith("churn-backup") or name.endswith(".timer")]
    lines = [f"Written to {target}: {', '.join(units)}.", "Next:"]
    lines += ["  systemctl --user daemon-reload", f"  systemctl --user enable --now {' '.join(started)}"]
    lines += ["  loginctl enable-linger   # they run while nobody is logged in, too"]
    lines += ["Then switch snapshot_schedule on, once: churn ui --launch, Automation."]
    _say(lines)


def remove(home: Path, folder: Path | None) -> None:
    """Take the units of a home away again."""
    target, name = folder or units_folder(), name_of(home)
    files = [file for file in sorted(target.glob(f"churn-*-{name}.*")) if file.read_text().startswith(MARK)]
    for file in files:
        file.unlink()
    units = " ".join(file.name for file in files if file.suffix in (".service", ".timer"))
    _say([f"Removed: {units}. Stop what runs: systemctl --user stop {units}"] if files else ["There are no units."])


def units_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / USER_UNITS


def name_of(home: Path) -> str:
    """The home's folder as a part of a unit's name."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", home.name) or "home"


def _refuse_others(file: Path) -> None:
    if file.exists() and not file.read_text().startswith(MARK):
        raise ServiceError(f"{file} was not written by churn: move it away first.")


def _write(text: str, file: Path) -> None:
    file.write_text(text)


def _quoted(word: str) -> str:
    """A word of ExecStart, in which systemd replaces nothing."""
    if any(not letter.isprintable() for letter in word):
        raise ServiceError(f"{word!r} holds a letter that no unit can: give the home another name.")
    escaped = _specified(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"'


def _specified(text: str) -> str:
    return text.replace("%", "%%")


def _say(lines: list[str]) -> None:
    console = wide_console()
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
