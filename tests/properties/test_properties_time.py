"""Whatever happens to rows of the future, nothing changes at D; and the boundary is where it is said to be.

A row is of the future if it happened or became known at or after D. One exception is no row of the future: a correction
known before D that moves a thing from before D to after it, because at D it is known that the thing has not happened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from churn_assets.contracts.raw import raw_contract

if TYPE_CHECKING:
    from churn_assets.warehouse.plan import BuildPlan
    from tests.properties.conftest import Laboratory, RawTable

TABLES = tuple(table.name for table in raw_contract())
D = "timestamp '2026-10-19'"
BEFORE_D = f"({D} - interval 1 microsecond)"
# Of consents that are known before they count only a yes waits for its time.
YES_ONLY = {"consents": {"is_granted": "true"}}
KINDS = ("delete", "happens_later", "known_later", "happened_earlier", "corrupt", "correct", "add_late", "add_early")
LAB = settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],  # a smaller example is not worth minutes of building
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def is_future(table: RawTable) -> str:
    late = f"{table.known} >= {D}"
    if table.event is None or table.name == "consents":  # a no counts once it is known, whatever time it gives
        return late
    key = ", ".join(table.key)
    past = f"select ({key}) from landed.{table.name} where {table.event} < {D} and {table.known} < {D}"
    return f"({late} or ({table.event} >= {D} and ({key}) not in ({past})))"


def corrupted(table: RawTable, column: str, days: int) -> str:
    """Another value of the column; where it breaks the contract, the row is refused, which is one more corruption."""
    kind = table.columns[column]
    if kind == "timestamp":
        return f"{column} + interval ({days - 40}) day"
    if kind == "boolean":
        return f"not {column}"
    return f"{column} || '-{days}'" if kind == "varchar" else f"{column} * 2 + 1"


def replaced(table: RawTable, days: int, **values: str) -> str:
    """A `select *` whose facts are corrupted; `values` are said outright."""
    facts = [name for name in table.columns if name not in (*table.key, "user_id", "order_id", table.event)]
    told = {name: corrupted(table, name, days) for name in facts} | values
    return "select * replace (" + ", ".join(f"{sql} as {name}" for name, sql in told.items()) + ")"


def mutation(table: RawTable, kind: str, days: int, seed: int) -> str:
    """One statement that touches a third of the rows it is about. `days` from 0 on: 0 is the boundary itself."""
    rows, event = f"landed.{table.name}", table.event
    some = f"hash(rowid, {seed}) % 3 = 0"
    at_or_after, earlier = f"{D} + interval ({days}) day", f"{D} - interval ({days + 1}) day"
    fresh = {name: f"'fresh-' || {name}" for name in table.key[:1] if name != "user_id" or table.name == "users"}
    if kind == "correct":
        return f"insert into {rows} {replaced(table, days, ingested_at=at_or_after)} from {rows} where {some}"
    if kind == "add_late" or (kind == "add_early" and event is None):
        known = {"ingested_at": at_or_after}
        return f"insert into {rows} {replaced(table, days, **known, **fresh)} from {rows} where {some}"
    if kind == "add_early" and event:
        told = {event: at_or_after, "ingested_at": earlier} | YES_ONLY.get(table.name, {})
        return f"insert into {rows} {replaced(table, days, **told, **fresh)} from {rows} where {some}"
    return _changed_row(table, kind, days, f"where {is_future(table)} and {some}")


def _changed_row(table: RawTable, kind: str, days: int, where: str) -> str:
    rows, event = f"landed.{table.name}", table.event
    facts = [name for name in table.columns if name not in (*table.key, event, "ingested_at")]
    changes = {
        "corrupt": ", ".join(f"{name} = {corrupted(table, name, days)}" for name in facts),
        "known_later": f"ingested_at = {table.known} + interval ({days}) day",
    }
    if event:
        changes["happens_later"] = f"{event} = {event} + interval ({days}) day"
        changes["happened_earlier"] = f"{event} = {event} - interval ({days + 30}) day"
    if kind == "happened_earlier":
        where += f" and {table.known} >= {D}"
    if kind == "delete":
        return f"delete from {rows} {where}"
    return f"update {rows} set {changes.get(kind, changes['known_later'])} {where}"


MUTATIONS = st.lists(
    st.tuples(st.sampled_from(TABLES), st.sampled_from(KINDS), st.integers(0, 120), st.integers(0, 99)),
    min_size=3,
    max_size=9,
)


@LAB
@given(told=MUTATIONS)
def test_mutations_of_the_future_change_nothing(
    lab: Laboratory, raw: Mapping[str, RawTable], told: list[tuple[str, str, int, int]]
) -> None:
    mutations = [mutation(raw[table], kind, days, seed) for table, kind, days, seed in told]
    assert lab.changed(*mutations, with_reads=True) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutation_of_the_future_of_every_table_changes_nothing(
    lab: Laboratory, raw: Mapping[str, RawTable], kind: str
) -> None:
    assert lab.changed(*(mutation(raw[table], kind, 0, 1) for table in TABLES), with_reads=True) == {}


def test_a_model_reads_nothing_that_dbt_does_not_know_of(plan: BuildPlan) -> None:
    """Else what is built again after a change would not be all that it can reach."""
    for model in plan.models:
        named = re.findall(r'\b(staging|marts|features)"?\."?(\w+)', re.sub(r"--.*", "", model.sql))
        assert {f"{schema}.{name}" for schema, name in named} <= set(model.above), model.relation
    assert any(model.above for model in plan.models)


def test_python_reads_something_of_every_kind_at_the_snapshot(lab: Laboratory) -> None:
    """Else nothing could be seen to change. The simulated shop sells no gift cards."""
    assert [name for name, told in lab.read.items() if told == "[]"] == ["no_products"]


def test_all_tables_have_a_future_to_mutate(lab: Laboratory, raw: Mapping[str, RawTable]) -> None:
    for table in raw.values():
        rows = lab.connection.execute(f"select count(*) from landed.{table.name} where {is_future(table)}").fetchone()
        assert rows is not None, table.name
        assert rows[0] > 0, table.name


def shifted(table: RawTable, event_at: str, known_at: str, **values: str) -> str:
    """Statement that delivers rows of the past once more, under new ids where a row is not an update of its user."""
    told = dict(values)
    if table.event:
        told[table.event] = event_at
    if table.name not in ("users", "consents"):
        told |= {table.key[-1]: f"'fresh-' || {table.key[-1]}"} if table.name != "coupons" else {}
    if table.name == "coupons":
        told |= {"coupon_id": "'fresh-' || coupon_id"}
    past = f"{table.known} < {D} - interval 1 day" + (f" and {table.event} < {D}" if table.event else "")
    rows = f"landed.{table.name}"
    return f"insert into {rows} {replaced(table, 3, **told, ingested_at=known_at)} from {rows} where {past}"


@pytest.mark.parametrize("name", TABLES)
def test_a_row_at_the_boundary_does_not_count_and_one_a_microsecond_before_does(
    lab: Laboratory, raw: Mapping[str, RawTable], name: str
) -> None:
    table = raw[name]
    assert lab.changed(shifted(table, BEFORE_D, D)) == {}, "known at D"
    if table.event and name != "users":  # who opens an account later is no news about who is here already
        assert lab.changed(shifted(table, D, BEFORE_D, **YES_ONLY.get(name, {}))) == {}, "happened at D"
    counts = lab.changed(shifted(table, BEFORE_D, BEFORE_D))
    assert bool(counts) is lab.is_used(name), counts


def test_a_no_that_is_dated_ahead_counts_once_it_is_known(lab: Laboratory, raw: Mapping[str, RawTable]) -> None:
    consents = raw["consents"]
    assert lab.changed(shifted(consents, f"{D} + interval 8 hour", D, is_granted="false")) == {}
    assert lab.changed(shifted(consents, f"{D} + interval 8 hour", BEFORE_D, is_granted="false"))


@pytest.mark.parametrize("name", TABLES)
def test_the_laboratory_notices_a_change_of_the_past(lab: Laboratory, raw: Mapping[str, RawTable], name: str) -> None:
    """Otherwise it would prove nothing."""
    changes = lab.changed(f"delete from landed.{name} where {raw[name].known} < {D} and hash(rowid) % 2 = 0")
    assert bool(changes) is lab.is_used(name), changes


def test_what_follows_a_thing_at_or_after_the_snapshot_has_not_happened_yet(
    lab: Laboratory, raw: Mapping[str, RawTable]
) -> None:
    """Delivery, redemption, answer, click: whether it is to happen at D, or later, or has not been told at all."""
    times = [(f"landed.{table.name}", column) for table in raw.values() for column in table.later_times]
    assert len(times) >= 6, "of orders, coupons, tickets and contacts"
    some = "hash(rowid) % 2 = 0"
    with lab.instead(*(f"update {rows} set {column} = {D} where {some}" for rows, column in times)):
        later = [f"update {rows} set {column} = {D} + interval 50 day where {some}" for rows, column in times]
        untold = [f"update {rows} set {column} = null where {some}" for rows, column in times]
        assert lab.changed(*later) == {}
        assert lab.changed(*untold) == {}
