"""Units of systemd that a home runs by, however it is called, and that leave other people's units alone."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from churn_assets.command.cli import app
from churn_assets.command.service import MARK, ServiceError, Services, name_of


def installed(home: Path, folder: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["service", "install", "--home", str(home), "--to", str(folder), *options])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", ["home", "a shop", "50% $HOME \"q\" 'x'", "商店"])
def test_a_unit_starts_the_home_that_it_was_written_for(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    home.mkdir()
    said = installed(home, tmp_path / "units", "--backup", str(tmp_path / "backups"), "--ui-port", "3001")
    part = name_of(home)
    files = {file.name: file.read_text() for file in (tmp_path / "units").iterdir()}
    assert set(files) == {
        f"churn-ui-{part}.service", f"churn-console-{part}.service", f"churn-backup-{part}.service",
        f"churn-backup-{part}.timer",
    }  # fmt: skip
    assert all(text.startswith(MARK) for text in files.values())
    (line,) = [each for each in files[f"churn-ui-{part}.service"].splitlines() if each.startswith("ExecStart=")]
    words = shlex.split(line.removeprefix("ExecStart=").replace("$$", "$").replace("%%", "%").replace("\\$", "$"))
    assert words[1:] == ["ui", "--port", "3001", "--home", str(home)]
    assert f"enable --now churn-ui-{part}.service" in said
    analyse = shutil.which("systemd-analyze")
    if analyse:
        command = [analyse, "verify", "--user", *(str(tmp_path / "units" / each) for each in files)]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Invalid" not in checked.stderr
        assert "Unknown" not in checked.stderr


def test_units_are_taken_away_again_and_those_of_others_stay(tmp_path: Path) -> None:
    home, units = tmp_path / "home", tmp_path / "units"
    home.mkdir()
    installed(home, units)
    (units / "churn-other-home.service").write_text("[Service]\nExecStart=/bin/true\n")
    result = CliRunner().invoke(app, ["service", "remove", "--home", str(home), "--to", str(units)])
    assert (result.exit_code, [file.name for file in units.iterdir()]) == (0, ["churn-other-home.service"])
    (units / "churn-ui-home.service").write_text("[Service]\nExecStart=/bin/true\n")
    result = CliRunner().invoke(app, ["service", "install", "--home", str(home), "--to", str(units)])
    assert result.exit_code == 1
    assert not (units / "churn-console-home.service").exists(), "nothing half-written"


def test_a_name_that_no_unit_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="holds a letter that no unit can"):
        Services(tmp_path / "a\nExecStartPre=x", 3000, 3100, None).units()
