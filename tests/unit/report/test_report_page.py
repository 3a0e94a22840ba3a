"""What the page says of a snapshot, and what it warns of; in both languages the same figures."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from churn_assets.report.compared import Compared
from churn_assets.report.estimate import Estimate
from churn_assets.report.language import MINUS, UNKNOWN, Words
from churn_assets.report.page import snapshot_page
from churn_assets.report.planned import Plan
from churn_assets.report.trust import DataSource
from churn_assets.report.view import View
from churn_assets.report.warnings import warnings_of
from tests.unit.report.shop_facts import CALL, COUPON, DAY, LOSING, facts

EN, ZH = Words("en", "EUR"), Words("zh", "EUR")
NO_PLAN = Plan("rules", [], (1_000.0, 0.0, 0.0), [], 0, 0, None)


def warned(**changes: object) -> str:
    return "\n".join(warnings_of(facts(**changes), EN))


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closed by itself, as shapes of a drawing are."""

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_is_whole_and_says_no_more_than_it_should() -> None:
    page = snapshot_page(facts(stopped=[LOSING]), "EUR")
    reader = Reader()
    reader.feed(page)
    assert (reader.open, reader.wrong) == ([], [])
    assert "<script" not in page
    links = set(re.findall(r"(?:src|href)=\"((?!#)[^\"]*)", page))
    assert links == {f"checks_{DAY}/index.html"}, "nothing is loaded, and only the pages of checks are beside it"
    assert "&lt;b&gt;10 %&lt;/b&gt;" in page, "a text of the shop is text, whatever it holds"
    assert "None" not in page
    assert "nan" not in re.sub(r"<style>.*</style>", "", page)


def test_the_first_sentence_is_people_and_money() -> None:
    assert View(facts(), EN).opening.headline() == (
        "3,202 users are slipping away, with €510K at stake in the next 91 days. 196 get a message, for €559."
    )
    assert (
        View(facts(), ZH).opening.headline()
        == "3,202 位用户正在流失，未来 91 天的风险价值为 €51万。196 位将收到消息，成本 €559。"
    )
    assert View(facts(plan=NO_PLAN), EN).opening.headline().endswith("Nobody gets a message.")


def test_an_assumption_that_was_refuted_is_said_with_the_money() -> None:
    assert (
        "The catalogue assumes that coupon 10 keeps 10 of 100 churners. 9 finished weeks say 3.0 [1.3, 4.7]. "
        f"By what was measured its users earn €180 [{MINUS}€60, €420], not €1,425."
    ) in warned()


def test_one_that_holds_is_not_and_an_unproven_arm_is() -> None:
    measured = COUPON.measured
    assert measured is not None
    holds = replace(COUPON, measured=replace(measured, kept=Estimate(0.09, 0.04, 0.14)))
    unproven = replace(COUPON, measured=replace(measured, kept=Estimate(0.04, -0.04, 0.12)))
    assert "coupon" not in warned(plan=replace(facts().plan, arms=[holds, CALL]))
    assert "coupon 10 is not proven to keep anybody" in warned(plan=replace(facts().plan, arms=[unproven]))
    pays = replace(
        unproven, measured=replace(measured, kept=Estimate(0.04, -0.04, 0.12), margin=Estimate(2.0, 1.0, 3.0))
    )
    assert "It pays all the same: €300 [€150, €450]" in warned(plan=replace(facts().plan, arms=[pays]))


@pytest.mark.parametrize(("is_stopped", "said"), [(True, "leaves it out"), (False, "uses it all the same")])
def test_an_arm_that_loses_money_comes_first(is_stopped: bool, said: str) -> None:
    line = warnings_of(facts(stopped=[replace(LOSING, is_stopped=is_stopped)]), EN)[0]
    assert line.startswith(f"coupon 10 loses money as measured, {MINUS}€1.50 [{MINUS}€2.40, {MINUS}€0.60] per user")
    assert said in line


@pytest.mark.parametrize(("newest", "pause", "is_stale"), [
    (date(2026, 11, 15), 1, False), (date(2026, 11, 8), 1, False), (date(2026, 11, 7), 1, True),
    (date(2026, 10, 1), 30, False), (date(2026, 9, 1), 30, True),
])  # fmt: skip
def test_data_are_old_by_their_own_rhythm(newest: date, pause: int, is_stale: bool) -> None:
    said = warned(sources=[DataSource("orders", is_delivered=True, newest=newest, usual_days=pause, refused=0)])
    assert ("Nothing new has become known of: orders" in said) is is_stale


def test_a_table_without_times_is_neither_old_nor_missing() -> None:
    timeless = facts(sources=[DataSource("products", is_delivered=True, newest=None, usual_days=0, refused=0)])
    assert "Nothing new" not in "\n".join(warnings_of(timeless, EN))
    assert list(View(timeless, EN).sure.data_rows()) == [["products", "without times", "0"]]


def test_a_plan_without_contradiction_says_so() -> None:
    quiet = facts(plan=replace(facts().plan, arms=[CALL]))
    assert warnings_of(quiet, EN) == []
    assert "Nothing contradicts the plan" in snapshot_page(quiet, None)


def test_without_consents_the_page_says_that_nobody_may_be_written_to() -> None:
    page = snapshot_page(facts(plan=NO_PLAN, samples=[], valid_until=None, has_consents=False), None)
    assert "The shop delivers no consents, so nobody may be written to" in page
    assert "Nothing is to be sent." in page


def test_a_first_snapshot_of_a_shop_that_has_measured_nothing_is_a_page_too() -> None:
    bare = facts(
        movement=None, effects=[], programme=None, weeks=[], weeks_to_show=[], models=[], calibration_error=None,
        model=None, past=[], expected=None, warned=None, definitions=[], reasons=[], tenures=[], left_alone=[],
        sources=[],
    )  # fmt: skip
    page = snapshot_page(bare, None)
    assert "this is the first snapshot" in page
    assert "Nothing has been measured yet" in page
    assert "how good it is is not known" in page


@pytest.mark.parametrize(("changed", "said"), [
    (None, ""), ([], "No setting changed."),
    ([("decisions.budget_amount", "500.0", "1000.0")], "Settings changed: decisions.budget_amount: 500.0 → 1000.0."),
    ([(f"a.s{n}", "1", "x" * 99) for n in range(7)], "1 more setting changed."),
])  # fmt: skip
def test_changes_of_settings_are_told_from_changes_of_users(
    changed: list[tuple[str, str, str]] | None, said: str
) -> None:
    lines = "\n".join(View(facts(settings_changed=changed), EN).changes.lines())
    assert said in lines
    assert ("etting" in lines) is (changed is not None)
    assert "x" * 61 not in lines


def test_every_row_of_a_table_has_a_cell_for_each_heading() -> None:
    tables = re.findall(r"<table.*?</table>", snapshot_page(facts(), "EUR"), re.DOTALL)
    assert len(tables) > 15
    for table in tables:
        head, *bodies = table.split("</thead>")
        headings = len(re.findall(r"<th\b", head))
        for row in re.findall(r"<tr.*?</tr>", "".join(bodies), re.DOTALL):
            cells = re.findall(r"<t[dh]\b([^>]*)>", row)
            spanned = sum(int(span[1]) if (span := re.search(r'colspan="(\d+)"', cell)) else 1 for cell in cells)
            assert spanned == headings, row


def test_both_languages_have_the_same_figures() -> None:
    page = snapshot_page(facts(), None)
    english, chinese = page.split('<main class="in-zh"')
    cells = re.compile(r'<td class="r"[^>]*>([\d,.]+)</td>')
    assert len(cells.findall(english)) > 40
    whole = re.compile(r"[\d,]+")
    plain = [
        [text for text in cells.findall(part) if whole.fullmatch(text) and len(text) < 6] for part in (english, chinese)
    ]
    assert plain[0] == plain[1]


def test_who_is_left_alone_is_in_words_with_money() -> None:
    rows = list(View(facts(), EN).left.rows())
    assert rows[1] == ("The budget ran out", "859", "€90K")


def test_the_plans_are_held_against_what_else_could_have_been_done() -> None:
    lines = View(facts(), EN).compared.lines()
    assert lines[0] == (
        "Against doing nothing (the holdout): profit per user €1.20 [€0.40, €2.00], 9,000 users against 900 in 9 "
        "weeks; the plans earn more, however often it is looked at."
    )
    assert lines[1].endswith("nothing can be said yet.")
    assert lines[2:] == ["Learned (measured gains) makes the plans.", "Rules (by reason) is not proven to earn more."]
    assert lines[3] in snapshot_page(facts(), "EUR")
    assert "保留组" in View(facts(), ZH).compared.lines()[0]


def test_groups_for_which_an_arm_works_are_named_with_their_interval() -> None:
    part = View(facts(), EN).compared
    assert part.groups_title() == "For whom it works: 1 group with a proven effect"
    assert next(iter(part.rows())) == ["Segment: loyal", "coupon 10", "700", "80", "€2.50 [€1.10, €3.90]", "works"]
    assert list(part.rows())[1][1] == "all arms"


def test_when_messages_go_out_is_a_table_of_both_languages() -> None:
    part = View(facts(), EN).compared
    assert part.slots_title() == "When messages go out: the user's own best time works"
    assert list(part.slot_rows()) == [[
        "the user's own best time", "4,000", "1,000", "94%", "+4.0 [+1.0, +7.0]", UNKNOWN,
        f"+0.2 [{MINUS}2.0, +2.4]", f"€0.30 [{MINUS}€0.20, €0.80]", "works",
    ]]  # fmt: skip
    assert View(facts(), ZH).compared.slots_title() in snapshot_page(facts(), "EUR")
    assert "When messages go out" not in snapshot_page(facts(compared=Compared()), "EUR")


def test_a_campaign_of_a_plan_is_named_by_its_day() -> None:
    view = View(facts(), EN)
    week = replace(facts().effects[0].campaigns[0], name="rules-0a1b2c3d@2026-11-02/coupon_10")
    assert view.effects._campaign(week) == "2 Nov"


def test_the_snapshot_is_the_one_to_approve() -> None:
    assert f"churn approve --snapshot {DAY}" in snapshot_page(facts(), None)
