"""`churn init` and `churn map`: what is asked, shown and written, and that nothing is written without a yes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from churn_assets.command.beginning import QUESTIONS, HomeExists, begin
from churn_assets.command.mapping import map_files
from churn_assets.failures import Failure
from churn_assets.landing.errors import LandingError
from churn_assets.settings import load_settings
from churn_assets.settings.load import SettingsError
from churn_assets.settings.mapping import load_mapping

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"
SHOPIFY = [str(EXPORTS / "shopify_orders_export_1.csv"), str(EXPORTS / "shopify_customers_export.csv")]


def answer(monkeypatch: pytest.MonkeyPatch, answers: Sequence[str]) -> list[str]:
    """Answers to the questions in turn; returns what was asked."""
    asked: list[str] = []

    def reply(text: str) -> str:
        asked.append(text)
        if len(asked) > len(answers):
            raise EOFError
        return answers[len(asked) - 1]

    monkeypatch.setattr("builtins.input", reply)
    return asked


def test_a_mapping_is_written_after_a_yes_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for reply in ([""], ["no"], []):
        answer(monkeypatch, reply)
        assert map_files(tmp_path, SHOPIFY, is_agreed=False, is_dry=False)
        assert "Nothing was written" in capsys.readouterr().out
        assert not (tmp_path / "mapping.yaml").exists()
    answer(monkeypatch, ["y"])
    map_files(tmp_path, SHOPIFY, is_agreed=False, is_dry=False)
    assert [source.name for source in load_mapping(tmp_path / "mapping.yaml").sources] == [
        "shopify_orders_export", "shopify_customers_export", "shopify_customers_export_sms",
    ]  # fmt: skip


def test_rows_are_shown_without_addresses_and_with_what_stays_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    map_files(tmp_path, SHOPIFY, is_agreed=False, is_dry=True)
    out = capsys.readouterr().out
    assert "orders, of shopify_orders_export:" in out
    assert "(set)" in out
    assert "@example.org" not in out.lower()
    assert "stays empty: registered_at" in out
    assert not (tmp_path / "mapping.yaml").exists(), "a dry run"


def test_other_sources_stay_and_one_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    map_files(tmp_path, SHOPIFY, is_agreed=True, is_dry=False)
    text = (tmp_path / "mapping.yaml").read_text()
    (tmp_path / "mapping.yaml").write_text(text.replace("amount: Total", "amount: Subtotal"))
    map_files(tmp_path, [str(EXPORTS / "products.csv")], is_agreed=True, is_dry=False)
    mapping = load_mapping(tmp_path / "mapping.yaml")
    assert [source.name for source in mapping.sources][-1] == "products"
    assert mapping.sources[0].tables["orders"].columns["amount"].column == "Subtotal", "what was corrected by hand"
    map_files(tmp_path, SHOPIFY, is_agreed=True, is_dry=False)
    assert len(load_mapping(tmp_path / "mapping.yaml").sources) == len(mapping.sources)


def test_without_orders_it_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not map_files(tmp_path, [str(EXPORTS / "products.csv")], is_agreed=True, is_dry=False)
    assert "without orders nothing can run" in capsys.readouterr().out


@pytest.mark.parametrize(("place", "message"), [
    ("instacart_like.csv", "no raw table fits any of the files"),
    ("nowhere.csv", "does not exist: name a folder, a file or a pattern"),
    ("none_*.csv", "no file that can be read"),
])  # fmt: skip
def test_what_cannot_be_mapped_is_one_message(tmp_path: Path, place: str, message: str) -> None:
    with pytest.raises(LandingError, match=message):
        map_files(tmp_path, [str(EXPORTS / place)], is_agreed=True, is_dry=False)


def test_a_spreadsheet_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "orders.xlsx").write_bytes(b"PK")
    with pytest.raises(LandingError, match="is a spreadsheet: save it as CSV"):
        map_files(tmp_path / "home", [str(tmp_path)], is_agreed=True, is_dry=False)


@pytest.mark.parametrize(("change", "message"), [
    ({"order_id": None}, "source theirs: tables.orders: required column order_id is made of nothing"),
    ({"ammount": "Sum"}, "tables.orders.columns.ammount: orders has no such column; did you mean amount?"),
    ({"amount": {"column": "Sum", "constant": "1"}}, "needs exactly one of column, constant, first_of"),
    ({"amount": False}, "amount: False is no name of a column; write the name in quotes"),
    ({"amount": {"colum": "Sum"}}, "theirs.tables.orders.columns.amount.colum: no such field; did you mean column?"),
    ({"ordered_at": {"column": "T", "format": "%d", "epoch": "seconds"}}, "format and epoch are two ways"),
])  # fmt: skip
def test_a_wrong_mapping_is_named_by_source_table_and_column(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    columns = {"order_id": "No", "user_id": "Who", "ordered_at": "When", "amount": "Sum"} | change
    columns = {name: made for name, made in columns.items() if made is not None}
    source = {"name": "theirs", "files": "o.csv", "tables": {"orders": {"columns": columns}}}
    file = tmp_path / "mapping.yaml"
    file.write_text(yaml.safe_dump({"sources": [source]}))
    with pytest.raises(SettingsError) as error:
        load_mapping(file)
    assert message in str(error.value)


def test_a_home_begins_with_settings_that_say_what_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, ["Europe/Berlin", "eur", "", "500", "", ""])
    begin(tmp_path / "home", is_agreed=False)
    settings = load_settings(tmp_path / "home" / "churn.yaml")
    assert len(asked) == len(QUESTIONS) <= 6
    assert (settings.landing.time_zone, settings.report.currency) == ("Europe/Berlin", "EUR")
    assert (settings.decisions.budget_amount, settings.churn.horizon_days) == (500, 28)
    text = (tmp_path / "home" / "churn.yaml").read_text()
    assert all(question.text.split("(")[0][:40] in " ".join(text.split()) for question in QUESTIONS)
    with pytest.raises(HomeExists, match="is there already"):
        begin(tmp_path / "home", is_agreed=True)


def test_defaults_are_those_of_the_settings(tmp_path: Path) -> None:
    begin(tmp_path / "home", is_agreed=True)
    assert load_settings(tmp_path / "home" / "churn.yaml") == load_settings(tmp_path / "none.yaml")


@pytest.mark.parametrize(("answers", "message"), [
    (["Europe/Nowhere"], "landing.time_zone"), (["", "", "many"], "churn.horizon_days: 'many' is no number"),
    (["", "", "", "", "", "2"], "decisions.holdout_share"),
])  # fmt: skip
def test_an_answer_that_no_setting_can_be_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[str], message: str
) -> None:
    answer(monkeypatch, answers)
    with pytest.raises(Failure, match=message):
        begin(tmp_path / "home", is_agreed=False)
    assert not (tmp_path / "home").exists()
