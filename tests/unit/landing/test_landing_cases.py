"""Exports as companies really make them (tests/fixtures/landings), each with what has to become of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from churn_assets.duck import duck
from churn_assets.landing import oddities
from churn_assets.landing.errors import LandingError
from tests.unit.landing.reading import FIXTURES, HEADER, LINE, read, refused, rows, stopped_by


@pytest.fixture
def case(tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(FIXTURES / name, tmp_path / "landing"))

    return copy


def test_one_row_per_item_with_the_header_on_the_first_only() -> None:
    contents = read(FIXTURES / "shopify-item-lines")
    assert rows(contents, "order_id, user_id, ordered_at::varchar, amount::double") == [
        ("#2001", "anna", "2026-11-01 01:15:00", 60.0),
        ("#2002", "ben", "2026-11-02 12:00:00", 15.0),
        ("#2003", "cleo", "2026-11-02 23:00:00", 22.0),
    ]
    assert refused(contents) == {"user_id is missing": 2}
    assert stopped_by(contents) == []


def test_of_two_full_exports_the_later_counts_and_a_run_asks_what_they_are() -> None:
    contents = read(FIXTURES / "daily-full-exports")
    assert rows(contents, "count(*), count(*) filter (is_purchase)") == [(10, 0)]
    (told,) = stopped_by(contents)
    assert "of 10 ids 10 have two contents at one known time" in told
    assert "landing.repeated_ids: {orders: full_exports}" in told


def test_full_exports_count_from_the_day_of_the_file_that_says_something_new() -> None:
    contents = read(FIXTURES / "daily-full-exports", repeated_ids={"orders": "full_exports"})
    assert stopped_by(contents) == []
    found = rows(contents, "known_at::varchar, is_purchase", where="order_id = 'B1'")
    assert [purchase for _, purchase in found] == [True, False]
    assert found[1][0] == "2026-11-12 00:00:00", "known once the day of the second export is over"


@pytest.mark.parametrize("name", ["withdrawal-in-other-words", "consent-same-day"])
def test_whoever_withdrew_has_no_consent_whatever_the_spelling(name: str) -> None:
    contents = read(FIXTURES / name)
    given = rows(contents, "user_id, max(counts_at)", "consents", "email_consent group by user_id")
    ended = dict(rows(contents, "user_id, max(counts_at)", "consents", "not email_consent group by user_id"))
    assert len(given) in (5, 20)
    assert [user for user, at in given if at > ended[user]] == []


def test_ids_as_floats_beside_whole_ones_are_the_same_users() -> None:
    contents = read(FIXTURES / "ids-as-floats")
    assert rows(contents, "user_id, count(*)", where="true group by user_id") == [("7", 2), ("8", 1), ("9", 1)]
    assert rows(contents, "user_id", "users") == [("7",), ("8",), ("9",)]
    assert refused(contents) == {"user_id is missing": 1}


def test_years_of_two_digits_are_refused_and_a_corrected_file_is_read(case: Callable[[str], Path]) -> None:
    folder = case("two-digit-years")
    assert refused(read(folder)) == {"ordered_at is not a timestamp": 2}
    (told,) = stopped_by(read(folder))
    assert "only 1 of 3 rows are kept; 2 are refused since ordered_at is not a timestamp, for example I1" in told
    file = next(folder.rglob("*.csv"))
    file.write_text(file.read_text().replace(",26-", ",2026-"))
    assert stopped_by(read(folder)) == []


def test_guests_are_nobody_and_no_loss() -> None:
    contents = read(FIXTURES / "guest-zero")
    assert refused(contents) == {"user_id stands for nobody": 9, "user_id is missing": 3}
    assert stopped_by(contents) == []
    assert all(user.startswith("u") or user.isalpha() for (user,) in rows(contents, "distinct user_id"))


def test_every_status_is_listed_with_what_it_counts_as() -> None:
    contents = read(FIXTURES / "other-words-for-cancelled")
    with duck() as connection:
        statuses = oddities.statuses(connection, contents.tables)
    assert {status for status, _, is_purchase, _ in statuses if is_purchase} == {"completed"}
    assert len(statuses) == 14


def test_a_status_nobody_knows_counts_and_is_named(case: Callable[[str], Path]) -> None:
    folder = case("other-words-for-cancelled")
    file = next(folder.rglob("*.csv"))
    file.write_text(file.read_text().replace("voided", "weggefallen"))
    contents = read(folder)
    with duck() as connection:
        (finding,) = oddities.statuses_unknown(connection, contents.tables)
    assert "1 unknown statuses count as purchases: weggefallen (1)" in str(finding)
    assert "landing.cancelled_statuses" in finding.cure


def test_numbers_that_begin_anew_each_day_are_told_and_cured() -> None:
    contents = read(FIXTURES / "receipt-numbers-restart")
    (told,) = stopped_by(contents)
    assert "of 5 ids 5 are repeated for another user at another time" in told
    assert "landing.repeated_ids: {orders: restarting}" in told
    cured = read(FIXTURES / "receipt-numbers-restart", repeated_ids={"orders": "restarting"})
    assert stopped_by(cured) == []
    assert rows(cured, "count(distinct order_id), count(distinct user_id)") == [(50, 9)]


def test_lines_of_orders_are_told_and_add_up(tmp_path: Path) -> None:
    lines = [f"o{n},u{n},2026-11-01 10:00:00,{amount}" for n in range(20) for amount in (10, 5 + n)]
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.csv").write_text("\n".join(["order_id,user_id,ordered_at,amount", *lines]))
    (told, *_) = stopped_by(read(tmp_path))
    assert "{orders: lines}" in told
    cured = read(tmp_path, repeated_ids={"orders": "lines"})
    assert stopped_by(cured) == []
    assert rows(cured, "count(*), sum(amount)::double") == [(20, sum(15 + n for n in range(20)))]


def test_lines_of_several_users_are_no_order_and_cancelled_lines_add_nothing(tmp_path: Path) -> None:
    lines = [
        "o1,u1,2026-11-01 10:00:09,10,completed", "o1,u1,2026-11-01 10:00:08,5,cancelled",
        "o2,u1,2026-11-01 10:00:00,10,completed", "o2,u2,2026-11-01 10:00:00,7,completed",
        "o3,u3,2026-11-01 10:00:00,10,cancelled", "o3,u3,2026-11-01 10:00:00,7,cancelled",
    ]  # fmt: skip
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.csv").write_text("\n".join(["order_id,user_id,ordered_at,amount,status", *lines]))
    told = read(tmp_path, repeated_ids={"orders": "lines"})
    kept = rows(told, "order_id, amount::double, is_purchase, strftime(ordered_at, '%S')")
    assert kept == [("o1", 10.0, True, "08"), ("o3", 17.0, False, "00")]
    assert refused(told) == {"lines of one order name several users": 2}


def test_two_shops_with_the_same_numbers_on_one_day_are_told(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    for shop, minute in (("a", 5), ("b", 7)):
        lines = [f"#{1000 + n},{shop}{n},2026-11-01 10:{minute:02}:{n:02},10" for n in range(20)]
        (tmp_path / "orders" / f"{shop}.csv").write_text("\n".join(["order_id,user_id,ordered_at,amount", *lines]))
    (told,) = stopped_by(read(tmp_path))
    assert "{orders: restarting}" in told
    assert rows(read(tmp_path, repeated_ids={"orders": "restarting"}), "count(distinct order_id)") == [(40,)]


def test_guards_of_spreadsheets_are_taken_off() -> None:
    assert rows(read(FIXTURES / "excel-guards"), "distinct user_id") == [("0017",)]


def test_words_for_no_value_cost_no_order() -> None:
    contents = read(FIXTURES / "null-words")
    assert rows(contents, "count(*)") == [(6,)]
    assert refused(contents) == {}


def test_an_order_that_a_change_feed_deletes_is_no_purchase() -> None:
    contents = read(FIXTURES / "cdc-deletes")
    newest = rows(contents, "order_id, arg_max(is_purchase, known_at)", where="true group by order_id")
    assert newest == [("BB1", False), ("BB2", True)]


def test_long_ids_as_whole_numbers_and_floats_are_refused() -> None:
    with pytest.raises(LandingError, match=r"holds whole numbers in .*2026-10.parquet and floats in .*2026-11.parquet"):
        read(FIXTURES / "parquet-ids-int-and-double")


def test_names_in_capitals_are_read() -> None:
    assert len(rows(read(FIXTURES / "parquet-capital-names"), "order_id, user_id, amount, status")) == 1


def test_a_sign_of_currency_is_refused_with_the_setting_that_reads_it() -> None:
    (told,) = stopped_by(read(FIXTURES / "currency-sign"))
    assert told.startswith("orders: none of 12 rows is kept; 12 are refused since amount is not a decimal")
    assert "landing.currency_signs" in told
    assert stopped_by(read(FIXTURES / "currency-sign", currency_signs=["$"])) == []


def test_a_history_loaded_in_one_go_is_told_and_cured(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    lines = [f"o{n},u{n % 9},2026-{4 + n // 28:02}-{1 + n % 28:02},10,2026-11-15 03:00:00" for n in range(150)]
    (tmp_path / "orders" / "a.csv").write_text("\n".join(["order_id,user_id,ordered_at,amount,ingested_at", *lines]))
    (told,) = stopped_by(read(tmp_path))
    assert "150 of 150 rows have an ingested_at of 2026-11-15" in told
    assert "Set landing.loaded_until: 2026-11-15 03:00:00" in told
    cured = read(tmp_path, loaded_until="2026-11-15 03:00:00")
    assert stopped_by(cured) == []
    assert rows(cured, "min(known_at)::varchar") == [("2026-04-01 00:00:00",)]


def test_tables_whose_ids_are_strangers_to_each_other_stop_a_run(tmp_path: Path) -> None:
    for table, lines in {
        "orders": [HEADER, *(f"o{n},{n},2026-11-01,10\n" for n in range(30))],
        "consents": ["user_id,channel,purpose,is_granted,changed_at\n",
                     *(f"CUST-{n},email,marketing,no,2026-11-01\n" for n in range(30))],
    }.items():  # fmt: skip
        (tmp_path / table).mkdir()
        (tmp_path / table / "a.csv").write_text("".join(lines))
    (told,) = stopped_by(read(tmp_path))
    assert "consents: of 30 values of user_id 0 are among those of orders (here CUST-0, there 0)" in told


def test_one_id_with_an_outsized_share_of_rows_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    lines = [f"o{n},{'till' if n % 3 == 0 else f'u{n}'},2026-11-01,10\n" for n in range(300)]
    (tmp_path / "orders" / "a.csv").write_text(HEADER + "".join(lines))
    with duck() as connection:
        (finding,) = oddities.outsized_ids(connection, read(tmp_path).tables)
    assert "user_id till has 100 of 300 rows" in str(finding)


def test_types_of_events_that_no_feature_counts_are_named(tmp_path: Path) -> None:
    for table, text in {
        "orders": HEADER + LINE.format("a"),
        "events": "user_id,occurred_at,event_type\nu1,2026-11-01,PageView\nu1,2026-11-02,PageView\n",
    }.items():
        (tmp_path / table).mkdir()
        (tmp_path / table / "a.csv").write_text(text)
    with duck() as connection:
        (finding,) = oddities.event_types_unknown(connection, read(tmp_path).tables)
        assert finding.severity == "error"
        assert "all types of events are counted by no feature: pageview (2)" in str(finding)
        known = read(tmp_path, event_types={"PageView": "view"})
        assert list(oddities.event_types_unknown(connection, known.tables)) == []
