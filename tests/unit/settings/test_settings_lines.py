"""A wrong setting or mapping is named with the line on which it stands, and with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn_assets.settings import SettingsError, load_settings
from churn_assets.settings.mapping import load_mapping

SETTINGS = """\
# of a shop
churn:
  horizon_days: 0

calendar: {cadence: weekley}
decisions:
  arms:
    - arm: reminder
      channel: email
      template: hello
      cost_amont: 3
features:
  windows_days: [28,
    7]
delivery:
  email: smtp
  smtp_host: mail.example.org
landing:
  closed_dates:
    - 2026-12-25
    - {from: 2026-03-02}
  repeated_ids: {order: lines}
"""
MAPPING = """\
sources:
  - name: till
    files: /exports/*.csv
    decimal_seperator: ","
    tables:
      orders:
        columns:
          order_id: Bon
          user_id: Card
          ordered_on: Day
  - name: web
    files: w.csv
    tables:
      order: {columns: {}}
"""


def lines_of(error: SettingsError) -> list[str]:
    return [line.strip() for line in str(error).splitlines()[1:]]


def test_each_wrong_setting_stands_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "churn.yaml"
    file.write_text(SETTINGS)
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    said = lines_of(raised.value)
    for begins in (
        "churn.yaml:3: churn.horizon_days: Input should be greater than 0 (got 0)",
        "churn.yaml:5: calendar.cadence: Input should be 'daily', 'weekly' or 'monthly'; did you mean 'weekly'?",
        "churn.yaml:11: decisions.arms.0.cost_amont: no such setting; did you mean cost_amount?",
        "churn.yaml:13: features: windows_days must ascend",
        "churn.yaml:15: delivery: a channel uses smtp, so sender, unsubscribe_url must be set",
        "churn.yaml:21: landing.closed_dates.1.to: Field required",
        "churn.yaml:22: landing.repeated_ids.order: no raw table is called 'order'; did you mean orders?",
    ):
        assert [line for line in said if line.startswith(begins)], (begins, said)


def test_a_variable_is_named_instead_of_the_line_it_overrules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "churn.yaml"
    file.write_text("churn: {horizon_days: 14, gap_days: -1}\n")
    monkeypatch.setenv("CHURN__CHURN__HORIZON_DAYS", "soon")
    monkeypatch.setenv("CHURN__TRAINING", '{"slices": "few"}')
    with pytest.raises(SettingsError) as raised:
        load_settings(file)
    said = lines_of(raised.value)
    assert [line.split(": ")[:2] for line in said] == [
        ["CHURN__CHURN__HORIZON_DAYS", "churn.horizon_days"], ["churn.yaml:1", "churn.gap_days"],
        ["CHURN__TRAINING", "training.slices"],
    ]  # fmt: skip


def test_each_wrong_part_of_a_mapping_stands_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    with pytest.raises(SettingsError) as raised:
        load_mapping(file)
    said = lines_of(raised.value)
    for begins in (
        "mapping.yaml:4: source till.decimal_seperator: no such field; did you mean decimal_separator?",
        "mapping.yaml:14: source web.tables.order: no raw table is called 'order'; did you mean orders?",
    ):
        assert [line for line in said if line.startswith(begins)], (begins, said)
    file.write_text(MAPPING.split("  - name: web", maxsplit=1)[0].replace('    decimal_seperator: ","\n', ""))
    with pytest.raises(SettingsError) as raised:
        load_mapping(file)
    (line,) = lines_of(raised.value)
    assert line.startswith("mapping.yaml:9: source till: tables.orders.columns.ordered_on: orders has no such column")
    assert "did you mean ordered_at?" in line
