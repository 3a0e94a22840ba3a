"""Settings: environment over file over defaults; a wrong one is named with section, field and value."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from churn_assets.settings import Settings, SettingsError, load_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "churn.yaml"


def test_no_file_and_an_empty_one_mean_the_defaults(file: Path) -> None:
    defaults = load_settings(file)
    assert (defaults.calendar.cadence, defaults.churn.horizon_days, defaults.decisions.holdout_share) == (
        "weekly", 28, 0.1,
    )  # fmt: skip
    file.write_text("# nothing set\n")
    assert load_settings(file) == defaults


def test_the_file_wins_over_the_defaults_and_the_environment_over_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("churn: {horizon_days: 14, gap_days: 7}\ncalendar: {start: 2024-01-01}\n")
    monkeypatch.setenv("CHURN__CHURN__HORIZON_DAYS", "56")
    found = load_settings(file)
    assert (found.churn.horizon_days, found.churn.gap_days) == (56, 7)
    assert found.calendar.start == date(2024, 1, 1)


@pytest.mark.parametrize(
    ("variable", "value", "section", "field", "expected"),
    [
        ("CHURN__CALENDAR__START", "2025-03-03", "calendar", "start", date(2025, 3, 3)),
        ("CHURN__DECISIONS__BUDGET_AMOUNT", "12.5", "decisions", "budget_amount", 12.5),
        ("CHURN__LANDING__URI", "/data", "landing", "uri", "/data"),
        ("CHURN__FEATURES__WINDOWS_DAYS", "[14, 56]", "features", "windows_days", (14, 56)),
    ],
)
def test_any_field_can_be_set_from_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, section: str, field: str, expected: object
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(getattr(load_settings(file), section), field) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("churn: {horizon: 14}", ["churn.horizon", "14"]),
        ("chrun: {horizon_days: 14}", ["chrun"]),
        ("churn: {horizon_days: 0}", ["churn.horizon_days", "got 0"]),
        ("churn: {horizon_days: soon}", ["churn.horizon_days", "got 'soon'"]),
        ("churn: {active_within_days: 10000000}", ["churn.active_within_days", "got 10000000"]),
        ("calendar: {cadence: hourly}", ["calendar.cadence", "'daily', 'weekly' or 'monthly'", "got 'hourly'"]),
        ("calendar: {cadence: monthly, start: 2024-01-31}", ["calendar", "every month has", "2024-01-31"]),
        ("decisions: {budget_amount: .inf}", ["decisions.budget_amount", "got inf"]),
        ("decisions: {budget_amount: -1}", ["decisions.budget_amount", "got -1"]),
        ("decisions: {holdout_share: 1.5}", ["decisions.holdout_share", "got 1.5"]),
        ("features: {windows_days: [28, 7]}", ["features", "windows_days must ascend", "[28, 7]"]),
        ("monitoring: {psi_warn: 0.3}", ["monitoring", "psi_warn 0.3 is above psi_alarm"]),
        ("monitoring: {false_alarm_share: 0}", ["monitoring.false_alarm_share", "got 0"]),
        ("scoring: 7", ["scoring", "got 7"]),
        ("landing: {closed_dates: [christmas]}", ["landing.closed_dates.0", "got 'christmas'"]),
        ("landing: {closed_dates: [{from: 2026-03-02, to: 2026-03-01}]}", ["from 2026-03-02 is after to 2026-03-01"]),
        ("landing: {closed_dates: [{from: 2025-03-02, to: 2062-03-09}]}", ["more than 366 days; is a year mistyped?"]),
        ("landing: {closed_dates: [{from: 2026-03-02}]}", ["landing.closed_dates.0", "to", "Field required"]),
        ("landing: {closed_dates: [{from: 2026-03-02, to: 2026-03-02, tables: [order]}]}", ["tables", "got 'order'"]),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(file: Path, text: str, named: list[str]) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    told = str(raised.value)
    assert str(file) in told
    assert [part for part in named if part not in told] == []


def test_all_wrong_settings_are_told_at_once(file: Path) -> None:
    file.write_text("churn: {horizon_days: 0, gap_days: -1}")
    with pytest.raises(SettingsError, match=r"(?s)churn.horizon_days.*\n.*churn.gap_days"):
        load_settings(file)


def test_a_wrong_environment_variable_is_named_the_same_way(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN__CHURN__HORIZON_DAYS", "many")
    with pytest.raises(SettingsError, match=r"CHURN__ variables.*\n.*churn.horizon_days.*got 'many'"):
        load_settings(file)


@pytest.mark.parametrize("text", ["churn: {horizon_days: 14", "- a\n- b\n", "just words"])
def test_a_file_that_is_no_mapping_is_named(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"churn\.yaml cannot be read as YAML"):
        load_settings(file)


def test_closed_days_are_dates_and_spans_of_all_tables_or_some(file: Path) -> None:
    file.write_text(
        "landing: {closed_dates: [2026-12-25, {from: 2026-02-27, to: 2026-03-01, tables: [contacts, coupons]}]}\n"
    )
    landing = load_settings(file).landing

    assert landing.closed_days("orders") == {date(2026, 12, 25)}
    span = {date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)}
    assert landing.closed_days("contacts") == {date(2026, 12, 25)} | span


def test_closed_days_can_be_set_from_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN__LANDING__CLOSED_DATES", '["2026-12-25", {"from": "2026-12-31", "to": "2027-01-01"}]')

    assert len(load_settings(file).landing.closed_days("events")) == 3


def test_every_section_is_frozen_and_has_only_stated_fields() -> None:
    for name, section in Settings.model_fields.items():
        config = section.default.model_config
        assert (config["extra"], config["frozen"]) == ("forbid", True), name


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("chrun: {horizon_days: 14}", "chrun: no such setting; did you mean churn?"),
        ("churn: {horizon_day: 14}", "churn.horizon_day: no such setting; did you mean churn.horizon_days? (got 14)"),
        ("horizon_days: 14", "horizon_days: no such setting; did you mean churn.horizon_days? (got 14)"),
        ("decisions: {horizon_days: 3}", "decisions.horizon_days: no such setting; did you mean churn.horizon_days?"),
        ("xyz: {}", "xyz: no such setting"),
    ],
)
def test_a_misspelt_setting_is_told_what_was_meant(file: Path, text: str, line: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    assert line in str(raised.value).splitlines()[1]


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("CHURN__CHRUN__HORIZON_DAYS", "CHURN__CHURN__HORIZON_DAYS"),
        ("CHURN__CHURN__HORIZON_DAY", "CHURN__CHURN__HORIZON_DAYS"),
        ("churn__chrun__horizon_days", "CHURN__CHURN__HORIZON_DAYS"),
        ("CHURN__DECISIONS__BUDGET", "CHURN__DECISIONS__BUDGET_AMOUNT"),
        ("CHURN__HORIZON_DAYS", "CHURN__CHURN__HORIZON_DAYS"),
        ("CHURN__LANDING__URL", "CHURN__LANDING__URI"),
        ("CHURN_DECISIONS_BUDGET_AMOUNT", "CHURN__DECISIONS__BUDGET_AMOUNT"),
        ("CHURN_DECISIONS__BUDGET_AMOUNT", "CHURN__DECISIONS__BUDGET_AMOUNT"),
    ],
)
def test_a_variable_that_nobody_reads_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, variable: str, meant: str
) -> None:
    monkeypatch.setenv(variable, "3")
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    assert str(raised.value).splitlines()[1:] == [f"  {variable.upper()}: no such setting; did you mean {meant}?"]


def test_variables_of_others_and_deeper_ones_are_fine(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHURN_HOME", "CHURN_DB_PASSWORD", "CHURN", "XCHURN__CHRUN__A"):
        monkeypatch.setenv(name, "3")
    monkeypatch.setenv("CHURN__CHURN", '{"gap_days": 2}')
    monkeypatch.setenv("CHURN__DECISIONS__CHANNEL_CAPACITIES__EMAIL", "5")
    found = load_settings(file)
    assert (found.churn.gap_days, found.decisions.channel_capacities) == (2, {"email": 5})


def test_a_list_that_is_no_json_names_the_variable_and_not_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHURN__FEATURES__WINDOWS_DAYS", "7,28")
    with pytest.raises(SettingsError, match=r"CHURN__FEATURES__WINDOWS_DAYS: not JSON; lists are written as \[7, 28\]"):
        load_settings(file)


@pytest.mark.parametrize(
    "text", ["churn: {gap_days: 1}\nchurn: {horizon_days: 7}", "churn:\n  gap_days: 1\n  gap_days: 2"]
)
def test_a_setting_that_is_there_twice_is_not_taken_from_one_place(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"churn\.yaml cannot be read as YAML: \w+ is there twice \(line \d\)"):
        load_settings(file)


def test_a_file_of_nearly_the_name_is_not_passed_over(file: Path) -> None:
    file.with_suffix(".yml").write_text("churn: {gap_days: 1}")
    with pytest.raises(SettingsError, match=r"churn\.yml is not read: settings are in churn\.yaml"):
        load_settings(file)


@pytest.mark.parametrize("text", ["delivery: {webhook_secrt: whsec_abc}", "delivery: {smtp_password: whsec_abc: 1}"])
def test_what_may_be_a_password_is_not_shown(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    assert "whsec" not in str(raised.value)


@pytest.mark.parametrize("host", ["*", "http://a", "a b", "a:port", "", "a..b", "user@a"])
def test_what_is_no_name_of_a_server_is_refused(file: Path, host: str) -> None:
    file.write_text(f"ui: {{allowed_hosts: ['{host}']}}")
    with pytest.raises(SettingsError, match=r"ui.allowed_hosts: .* is no name of a server"):
        load_settings(file)


def test_settings_are_read_before_dagster_is_imported(file: Path) -> None:
    """Dagster takes seconds to import; a typo should be told at once."""
    file.write_text("chrun: {}")
    code = (
        "import sys; from churn_assets.command.cli import main\ntry: main()\nfinally: print('dagster' in sys.modules)"
    )
    for command in ("run", "check", "suppress u1 --reason x", "dispatch", "ui", "tune"):
        done = subprocess.run(
            [sys.executable, "-c", code, *command.split(), "--home", str(file.parent)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (1, "False\n"), command
        assert "did you mean churn?" in done.stderr


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(("text", "said"), [
    (BOMB, "its aliases stand for more than 100,000 values"),
    ("ui: &a {allowed_hosts: [*a]}\n", "its aliases stand for more than"),
    ("ui: {allowed_hosts: " + "[" * 5_000 + "]" * 5_000 + "}\n", "it is nested too deeply"),
    ("ui: {allowed_hosts: [" + "x" * 1_100_000 + "]}\n", "settings at most 1,000,000"),
    ("churn: {horizon_days: " + "9" * 5_000 + "}\n", "cannot be read as YAML"),
    ("ui: {allowed_hosts: [\x00]}\n", "cannot be read as YAML"),
])  # fmt: skip
def test_a_file_that_would_take_the_memory_is_one_short_message(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "churn.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings(file)
    assert len(str(caught.value)) < 600


def test_an_alias_is_read(tmp_path: Path) -> None:
    file = tmp_path / "churn.yaml"
    file.write_text("console: {allowed_hosts: &names [churn.example.org]}\nui: {allowed_hosts: *names}\n")
    assert load_settings(file).ui.allowed_hosts == ("churn.example.org",)
