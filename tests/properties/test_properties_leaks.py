"""A zoo of planted leaks, each caught by a check that stops the run, and shops without any, where none is raised.

The leaks are patches of the compiled SQL, or of what a source delivers; the code of the checks is called itself:
`future` is features_are_the_same_without_the_future, `lineage` features_descend_from_the_past, `too_good`
no_feature_is_too_good. A source that writes the outcome over the past leaves no trace of time: only the last sees it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from churn_assets.model.suspicion import single_aucs, too_good
from churn_assets.settings import Landing, Settings
from churn_assets.shop.settings import ShopSettings
from churn_assets.warehouse.ancestry import forbidden_models
from churn_assets.warehouse.past import with_and_without
from churn_assets.warehouse.plan import BuildPlan, Dates, plan_for, statements
from tests.properties.conftest import compared_models

END, DAY = date(2026, 11, 16), date(2026, 10, 19)
START = DAY - timedelta(weeks=40)
WEEKS = [DAY - timedelta(weeks=weeks) for weeks in (3, 2, 1, 0)]
SHOP = ShopSettings(users=170, weeks=26, end=END, seed=11, late_share=0.1, correction_share=0.1)
COUNTED = r"(\w+\.)?known_at < (\S+)\s+and \((\w+\.)?superseded_at is null or (\w+\.)?superseded_at >= (\S+)\)"
NOW = "f.snapshot_date"


def patched(plan: BuildPlan, pattern: str, replacement: str) -> BuildPlan:
    """The plan with every match in the SQL of the feature mart and of statuses replaced; there must be one."""
    models = []
    for model in plan.models:
        is_meant = model.relation in ("features.user_features", "features.user_statuses")
        sql = re.sub(pattern, replacement, model.sql) if is_meant else model.sql
        models.append(dataclasses.replace(model, sql=sql))
    assert tuple(models) != plan.models, f"nothing in the SQL matches {pattern}"
    return BuildPlan(tuple(models))


def column(plan: BuildPlan, expression: str, **joined: str) -> BuildPlan:
    """The plan with one more feature, `leak`, made of the other features `f` and of relations joined to it."""
    others = [model for model in plan.models if model.name != "user_features"]
    (mart,) = [model for model in plan.models if model.name == "user_features"]
    joins = " ".join(f"left join ({sql}) as {name} using (user_id, snapshot_date)" for name, sql in joined.items())
    sql = f"select f.*, {expression} as leak from ({mart.sql}\n) as f {joins}"
    above = tuple(
        sorted({*mart.above, *re.findall(r"(?:marts|features)\.\w+", " ".join([expression, *joined.values()]))})
    )
    return BuildPlan((*others, dataclasses.replace(mart, sql=sql, above=above)))


def of_rows(mart: str, value: str, where: str = "true") -> Callable[[BuildPlan], BuildPlan]:
    """A leak that sees rows of a mart it should not: `r` are the user's own ones."""
    return lambda plan: column(plan, f"(select {value} from marts.{mart} as r where r.user_id = f.user_id and {where})")


ORDERS_BEFORE = f"select order_id from marts.fct_orders where ordered_at < {NOW}"
LEAKS: dict[str, tuple[Callable[[BuildPlan], BuildPlan], set[str]]] = {
    "the window includes its end": (
        lambda plan: patched(plan, r"ordered_at < (\S*snapshot_date)", r"ordered_at <= \1"), {"future"}),
    "late rows count before they are known": (
        lambda plan: patched(plan, COUNTED, r"\1superseded_at is null"), {"future"}),
    "the newest version of all counts": (
        lambda plan: patched(plan, COUNTED, r"\1known_at < \2 and \1superseded_at is null"), {"future"}),
    "the snapshot is a day late": (
        lambda plan: patched(plan, r"ordered_at < (\S*snapshot_date)", r"ordered_at < \1 + interval 1 day"),
        {"future"}),
    "the label is a feature": (
        lambda plan: column(
            plan, "cast(l.is_churned as integer)", l="from features.churn_labels where definition = 'inactivity'"),
        {"future", "lineage", "too_good"}),
    "churn rate of the channel over the whole data": (
        lambda plan: column(plan, "c.rate", c="""
            select user_id, snapshot_date,
              avg(cast(is_churned as integer)) over (partition by u.acquisition_channel) as rate
            from features.churn_labels inner join marts.dim_users as u using (user_id)
            where u.superseded_at is null and definition = 'inactivity'"""),
        {"future", "lineage"}),
    "orders of the label window": (
        of_rows("fct_orders", "count(*)", f"r.ordered_at >= {NOW} and r.ordered_at < {NOW} + 28"),
        {"future", "too_good"}),
    "delivered after the snapshot": (
        of_rows("fct_orders", "count(r.delivered_at)", f"r.ordered_at < {NOW} and r.known_at < {NOW}"), {"future"}),
    "returned after the snapshot": (
        of_rows("fct_returns", "count(*)", f"r.order_id in ({ORDERS_BEFORE})"), {"future"}),
    "answered after the snapshot": (
        of_rows("fct_support_tickets", "max(r.first_replied_at)", f"greatest(r.opened_at, r.known_at) < {NOW}"),
        {"future"}),
    "redeemed after the snapshot": (
        of_rows("fct_coupons", "count(r.redeemed_at)", f"r.issued_at < {NOW}"), {"future"}),
    "the status of the newest order of all": (
        of_rows("fct_orders", "max_by(r.status, r.ordered_at)"), {"future"}),
    "the maximum over a window without a frame": (
        lambda plan: column(plan, "max(f.orders_count) over (partition by f.user_id)"), {"future"}),
    "money against the mean of all times": (
        lambda plan: column(plan, "f.spent_amount / (select avg(amount) from marts.fct_orders)"), {"future"}),
    "the next visit": (
        of_rows("fct_sessions", "min(r.started_at)", f"r.started_at >= {NOW}"), {"future"}),
}  # fmt: skip
# What a small shop has none of by chance: rows at the very boundary, told in advance, and much that is still to come.
STILL_TO_COME = """
insert into landed.orders select * replace ('b-' || order_id as order_id, timestamp '{day}' as ordered_at,
  timestamp '{day}' - interval 1 hour as ingested_at) from landed.orders where hash(rowid) % 9 = 0;
update landed.orders set delivered_at = timestamp '{day}' + interval 1 day
  where ordered_at < timestamp '{day}' and ordered_at >= timestamp '{day}' - interval 3 day;
update landed.coupons set redeemed_at = timestamp '{day}' + interval 1 day
  where issued_at < timestamp '{day}' and hash(rowid) % 2 = 0;
insert into landed.returns by name select 'b-' || order_id as return_id, order_id, user_id, amount,
  timestamp '{day}' + interval 2 day as returned_at, timestamp '{day}' + interval 2 day as ingested_at
  from landed.orders where ordered_at < timestamp '{day}' and hash(rowid) % 5 = 0;
insert into landed.support_tickets by name select 'b-' || order_id as ticket_id, user_id, ordered_at as opened_at,
  timestamp '{day}' + interval 2 day as first_replied_at, ordered_at as ingested_at
  from landed.orders where ordered_at < timestamp '{day}' and hash(rowid) % 7 = 0
"""


@dataclasses.dataclass(frozen=True)
class Zoo:
    """A shop, staged, and the checks on it."""

    connection: duckdb.DuckDBPyConnection
    plan: BuildPlan

    def stage(self, *landed: str) -> None:
        """Deliver what is told, and stage everything that has been delivered."""
        self.connection.execute("drop schema if exists staged cascade; create schema staged")
        for statement in [*landed, *statements(self.plan.below("staging"), Dates(START, WEEKS))]:
            self.connection.execute(statement)
        for model in self.plan.below("staging"):
            self.connection.execute(f"create table staged.{model.name} as from {model.relation}")

    def caught(self, plan: BuildPlan) -> set[str]:
        future = with_and_without(self.connection, plan, START, WEEKS, hidden_at=WEEKS[:1])[WEEKS[0]]
        ancestry = forbidden_models({model.relation: model.above for model in plan.models})
        return {
            name for name, found in (("future", future), ("lineage", ancestry), ("too_good", self._suspects())) if found
        }

    def _suspects(self) -> list[str]:
        """Among the eligible users of the last week."""
        rows = self.connection.execute(f"""
            select labels.is_churned, features.* exclude (user_id, snapshot_date)
            from compared.user_features as features
            inner join compared.churn_labels as labels using (user_id, snapshot_date)
            where labels.is_eligible and labels.definition = 'inactivity' and snapshot_date = date '{DAY}'""")
        names = [name for name, *_ in rows.description]
        frame = pl.DataFrame(rows.fetchall(), schema=names, orient="row", infer_schema_length=None)
        frame = frame.with_columns(pl.col(pl.Duration).dt.total_seconds(), pl.col(pl.Datetime).to_physical())
        kinds = frame.schema
        judged = [name for name in names[1:] if kinds[name].is_numeric() or kinds[name] == pl.Boolean]
        return too_good(frame, single_aucs(frame, judged), 0.95)["feature"].to_list()


@pytest.fixture(scope="module")
def new_zoo(new_shop: Callable[..., duckdb.DuckDBPyConnection], plan: BuildPlan) -> Callable[..., Zoo]:
    def new(shop: ShopSettings = SHOP, *landed: str) -> Zoo:
        made = Zoo(new_shop(shop), BuildPlan(tuple(compared_models(plan))))
        made.stage(STILL_TO_COME.format(day=WEEKS[0]), *landed)
        return made

    return new


@pytest.fixture(scope="module")
def zoo(new_zoo: Callable[..., Zoo]) -> Zoo:
    return new_zoo()


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_caught(zoo: Zoo, name: str) -> None:
    plant, expected = LEAKS[name]
    assert zoo.caught(plant(zoo.plan)) == expected


def test_a_source_that_writes_the_outcome_over_the_past_is_caught_by_its_success(new_zoo: Callable[..., Zoo]) -> None:
    """A profile column follows the last order of all, and keeps the known time of the registration."""
    overwritten = f"""
        update landed.users set friend_count = coalesce(
          (select greatest(date_diff('day', date '{START}', cast(max(ordered_at) as date)), 0)
           from landed.orders where orders.user_id = users.user_id), 0)"""
    zoo = new_zoo(SHOP, overwritten)
    days = f"date_diff('day', date '{START}', f.snapshot_date)"
    leak = column(zoo.plan, f"u.friend_count - {days}", u="""
        select s.user_id, s.snapshot_date, max(d.friend_count) as friend_count from features.user_statuses as s
        inner join marts.dim_users as d on d.user_id = s.user_id and d.known_at < s.snapshot_date
        group by all""")  # fmt: skip
    assert zoo.caught(leak) == {"too_good"}


OTHERS = ("consents", "contacts", "coupons", "events", "order_items", "returns", "reviews", "support_tickets",
          "surveys", "users")  # fmt: skip
NOTHING_BUT_ORDERS = [f"delete from landed.{table}" for table in OTHERS]
NO_KNOWN_TIMES = [f"update landed.{table} set ingested_at = null" for table in ("orders", *OTHERS)]
AHEAD = (
    "insert into landed.consents by name select user_id, channel, purpose, false as is_granted, "
    f"changed_at + interval {(END - WEEKS[0]).days} day as changed_at, "
    f"timestamp '{WEEKS[0]}' - interval 1 hour as ingested_at "
    "from landed.consents where is_granted and hash(user_id) % 3 = 0"
)
CLEAN = {
    "a clean shop": (SHOP, []),
    "a smaller one with other people": (ShopSettings(users=60, weeks=30, end=END, seed=5), []),
    "one with very late rows, and withdrawals dated ahead": (
        ShopSettings(users=80, weeks=20, end=END, seed=23, late_share=0.5, correction_share=0.4), [
            AHEAD]),
    "orders only": (ShopSettings(users=120, weeks=26, end=END, seed=2), NOTHING_BUT_ORDERS),
    "a grocer without browsing and known times": (
        ShopSettings(users=100, weeks=40, end=END, seed=31),
        ["delete from landed.events", "delete from landed.contacts", "delete from landed.support_tickets",
         *NO_KNOWN_TIMES]),
}  # fmt: skip


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_shop_is_not_accused(new_zoo: Callable[..., Zoo], name: str) -> None:
    shop, landed = CLEAN[name]
    zoo = new_zoo(shop, *landed)
    assert zoo.caught(zoo.plan) == set()


def test_a_restated_build_knows_what_came_later_but_not_what_happened_later(zoo: Zoo) -> None:
    """The check of a restated home hides by event time alone."""
    restated = plan_for(Settings(landing=Landing(restated=True)))
    for is_restated in (False, True):
        found = with_and_without(zoo.connection, restated, START, WEEKS, hidden_at=WEEKS[:1], is_restated=is_restated)
        assert bool(found[WEEKS[0]]) is not is_restated, found
