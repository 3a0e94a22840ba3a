"""`churn settings`: each setting with its value, where that comes from, default, unit and reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from churn_assets.command.settings_list import NoSuchSetting, show_settings
from churn_assets.settings import Settings
from churn_assets.settings.listed import HIDDEN, ListedSetting, listed_settings

FILE = """
churn: {horizon_days: 90}
decisions: {budget_amount: 5}
delivery:
  {email: smtp, smtp_host: mail.example.org, sender: shop@example.org, smtp_password: hunter2,
   unsubscribe_url: "https://example.org/bye?key={message_key}"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "churn.yaml"
    made.write_text(FILE)
    return made


def by_name(file: Path) -> dict[str, ListedSetting]:
    return {each.name: each for each in listed_settings(file)}


def test_every_setting_is_listed_with_its_reason(file: Path) -> None:
    listed = by_name(file)
    fields = {
        f"{section}.{field}"
        for section, outer in Settings.model_fields.items()
        for field in type(outer.default).model_fields
    }
    assert set(listed) == fields
    assert [name for name, each in listed.items() if not each.reason] == []
    assert all(
        json.loads(each.default) == json.loads(each.value) for each in listed.values() if each.source == "default"
    )


def test_it_says_where_a_value_comes_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN__DECISIONS__BUDGET_AMOUNT", "7")
    monkeypatch.setenv("CHURN__TRAINING", '{"slices": 3}')
    listed = by_name(file)
    found = {name: (listed[name].value, listed[name].source) for name in (
        "churn.horizon_days", "churn.gap_days", "decisions.budget_amount", "training.slices",
        "training.slice_step_days",
    )}  # fmt: skip
    assert found == {
        "churn.horizon_days": ("90", "churn.yaml"),
        "churn.gap_days": ("0", "default"),
        "decisions.budget_amount": ("7.0", "CHURN__DECISIONS__BUDGET_AMOUNT"),
        "training.slices": ("3", "CHURN__TRAINING"),
        "training.slice_step_days": ("28", "default"),
    }
    assert (listed["churn.horizon_days"].unit, listed["churn.horizon_days"].default) == ("days", "28")


def test_no_password_is_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert by_name(file)["delivery.smtp_password"].value == HIDDEN
    for as_json in (False, True):
        show_settings(file.parent, None, as_json=as_json)
        shown = capsys.readouterr().out
        assert "hunter2" not in shown
        assert "budget_amount" in shown


@pytest.mark.parametrize("name", ["churn", "churn.gap_days", "budget_amount"])
def test_a_section_or_one_setting_can_be_asked_for(file: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    show_settings(file.parent, name, as_json=True)
    found = [each["name"] for each in json.loads(capsys.readouterr().out)]
    assert found
    assert all(name in each for each in found)


def test_a_name_that_no_setting_has_is_refused_with_the_nearest(file: Path) -> None:
    with pytest.raises(NoSuchSetting, match=r"no such setting: churn.horizn_days; did you mean churn.horizon_days\?"):
        show_settings(file.parent, "churn.horizn_days", as_json=False)
