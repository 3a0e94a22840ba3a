"""Three weekly runs one after the other: what anyone can read afterwards, held against the raw files themselves."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance

FIRST, SECOND, LAST = WEEKS = date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)
BUDGET_AMOUNT, HORIZON = 45.0, timedelta(days=14)  # as in the settings of the base instance
CANCELLED = ("cancelled", "canceled", "void", "failed")
PUBLIC = {
    "features.user_features": "user_id, snapshot_date",
    "features.churn_labels": "user_id, snapshot_date, definition, is_eligible, is_churned, matures_at",
    "scoring.scored_users": "user_id, snapshot_date, status, churn_probability, risk_rank, risk_tier, "
    "value_at_risk_amount, reason_1, reason_2, reason_3, model_version, features_version, scored_at",
    "interventions.decision_ledger": "decision_id, user_id, snapshot_date, policy_version, arm, propensity, "
    "is_holdout, is_exploration, binding_constraint, expected_gain_amount, expected_cost_amount, decided_at",
    "interventions.outbox": "message_key, decision_id, user_id, channel, template, payload, state, not_before, "
    "expires_at",
    "interventions.intervention_plan": "decision_id, user_id, snapshot_date, arm, channel",
    "scoring.user_reasons": "user_id, snapshot_date, kind, reason_rank, reason_group, feature, feature_value, "
    "contribution, text_en, text_zh",
    "interventions.call_list": "snapshot_date, call_rank, user_id, arm, reason, reason_text, decision_id",
    "effects.experiment_readout": "campaign, arm, window_days, users, metric, effect, effect_low, effect_high, "
    "p_value, sample_ratio_p_value, is_matured",
    "effects.arm_effects": "treatment, dimension, segment, metric, weeks, users, control_users, mean, control_mean, "
    "effect, effect_low, effect_high, adjusted_p_value, verdict",
    "effects.program_effects": "metric, since_date, users, holdout_users, effect, effect_low, effect_high, total, "
    "always_valid_low, always_valid_high",
    "effects.policy_value": "policy, metric, snapshots, users, effective_users, value, effect, beyond_used, verdict",
    "interventions.random_options": "user_id, snapshot_date, treatments, treatment, propensity, learned, rules, value",
    "effects.experiment_power": "treatment, metric, weeks, users, control_users, spread, smallest_effect",
    "training.model_promotions": "snapshot_date, decision, champion_snapshot_date, model_version, reason, decided_by",
    "monitoring.model_performance": "snapshot_date, population, users, churners, auc, brier, measured_at",
    "monitoring.feature_drift": "snapshot_date, feature, family, model_version, reference_date, reference_users, "
    "users, bins, psi, psi_critical, nearest_psi, usual_psi, is_significant, level, reference_missing_share, "
    "missing_share",
    "monitoring.churn_definitions": "snapshot_date, definition, measure, slice_date, compared_with, users, value",
    "monitoring.reason_summaries": "snapshot_date, kind, reason_group, dimension, segment, users, share",
    "staging.quarantine": "source_table, reason, row_json, known_at",
}


@pytest.fixture(scope="module")
def shop(base: Base) -> Instance:
    return base.final


def known_before(landing: Path, table: str, moment: date, key: list[str]) -> pl.DataFrame:
    """The newest version of each row of a raw table that was known before `moment`, straight from the files."""
    rows = pl.read_parquet(landing / table / "*.parquet").filter(pl.col("ingested_at") < moment)
    return rows.sort("ingested_at").unique(key, keep="last", maintain_order=True)


def test_one_connection_answers_for_every_public_table(shop: Instance) -> None:
    with duckdb.connect(str(shop.home / "warehouse.duckdb"), read_only=True) as connection:
        for table, columns in PUBLIC.items():
            assert connection.execute(f"select {columns} from {table}").fetchall(), f"{table} is empty"


def test_each_run_tells_what_it_did(base: Base) -> None:
    """Slices lie two weeks apart: the second run needs other ones than the first, the third has them all."""
    assert "History for training: 2 snapshots from 2026-09-28 to 2026-10-19" in base.outputs[FIRST]
    for day, output in base.outputs.items():
        assert ("History" in output) == (day < LAST)
        assert f"Snapshot {day}" in output
        assert "scored_users sha256" in output
        steps = [line for line in output.splitlines() if line.startswith("step ")]
        assert [line.split()[:4] for line in steps] == [["step", str(n), "of", "8"] for n in range(1, 9)]
        assert len(output.split("Snapshot ")[1].splitlines()) <= 15, "a log that nobody watches is short"
        assert any(" left" in line for line in steps) == (day > FIRST), "the first run of a home knows no other"


def test_every_eligible_user_has_one_decision(shop: Instance) -> None:
    for day in WEEKS:
        scored = shop.query(
            f"select user_id from scoring.scored_users where snapshot_date = '{day}' and status = 'eligible'"
        )
        decided = shop.query(f"select user_id from interventions.decision_ledger where snapshot_date = '{day}'")
        assert len(scored) > 200
        assert sorted(decided["user_id"]) == sorted(scored["user_id"])


def test_money_stays_within_the_budget_to_the_cent(shop: Instance) -> None:
    spent = shop.query(
        "select snapshot_date, round(sum(expected_cost_amount), 2) as amount, "
        "count(*) filter (where binding_constraint = 'budget') as left_out "
        "from interventions.decision_ledger group by snapshot_date"
    )
    assert spent["amount"].max() <= BUDGET_AMOUNT
    assert spent["left_out"].min() > 0, "the budget has to bind, or it is not tested here"


def test_the_holdout_is_never_acted_upon_and_stays_the_same(shop: Instance) -> None:
    ledger = shop.query("select user_id, is_holdout, arm, decision_id from interventions.decision_ledger")
    held_out = ledger.filter("is_holdout")
    assert len(held_out) > 50
    assert set(held_out["arm"]) == {"none"}
    assert ledger.group_by("user_id").agg(pl.col("is_holdout").n_unique())["is_holdout"].max() == 1
    messages = shop.query("select user_id from interventions.outbox")
    assert set(messages["user_id"]).isdisjoint(held_out["user_id"])


def test_nobody_is_written_to_without_consent(shop: Instance) -> None:
    """Consent is worked out again from the raw files: the newest word before the snapshot, known before it."""
    messages = shop.query(
        "select outbox.user_id, outbox.channel, ledger.snapshot_date from interventions.outbox as outbox "
        "inner join interventions.decision_ledger as ledger using (decision_id)"
    )
    assert set(messages["snapshot_date"]) == set(WEEKS)
    for day in WEEKS:
        words = known_before(shop.landing, "consents", day, ["user_id", "channel", "purpose", "changed_at"])
        words = words.filter(pl.col("changed_at") < day, pl.col("purpose") == "direct_marketing").sort("changed_at")
        newest = {
            (user, channel): granted
            for user, channel, granted in words.select("user_id", "channel", "is_granted").iter_rows()
        }
        for user, channel in messages.filter(snapshot_date=day).select("user_id", "channel").iter_rows():
            said = [newest[user, each] for each in (channel, "all") if (user, each) in newest]
            assert said, f"{user} never said a word about {channel}"
            assert all(said), f"{user} refused {channel}"


def test_the_outbox_holds_each_message_once_and_nothing_personal(shop: Instance) -> None:
    outbox = shop.query("select * from interventions.outbox")
    acted = shop.query("select decision_id from interventions.decision_ledger where arm <> 'none'")
    assert outbox["message_key"].is_unique().all()
    assert sorted(outbox["decision_id"]) == sorted(acted["decision_id"])
    assert set(outbox["state"]) <= {"planned", "cancelled"}
    for payload in outbox["payload"]:
        assert set(json.loads(payload)) == {
            "arm", "body", "code", "code_from", "items", "language", "level", "products", "reason", "snapshot_date",
            "subject", "user_id", "value_tier",
        }  # fmt: skip


def test_only_eligible_users_carry_a_probability_and_ranks_count_from_one(shop: Instance) -> None:
    scored = shop.query("select * from scoring.scored_users")
    assert set(scored["status"]) == {"eligible", "lapsed", "new", "objected"}
    others = scored.filter(pl.col("status") != "eligible")
    assert (
        others.select("churn_probability", "risk_rank", "risk_tier", "reason_1").null_count().row(0)
        == (len(others),) * 4
    )
    for _, users in scored.filter(status="eligible").group_by("snapshot_date"):
        by_rank = users.sort("risk_rank")
        assert by_rank["risk_rank"].to_list() == list(range(1, len(users) + 1))
        assert by_rank["churn_probability"].is_sorted(descending=True)


def test_who_was_treated_in_the_label_window_teaches_nothing(shop: Instance) -> None:
    """Treatment is worked out again from the raw files."""
    file = shop.home / "tables" / "training" / "training_set" / f"snapshot_date={LAST}" / "*.parquet"
    taught = pl.read_parquet(file, hive_partitioning=False, columns=["user_id", "snapshot_date", "matures_at"])
    contacts = known_before(shop.landing, "contacts", LAST, ["contact_id"]).filter(
        pl.col("channel") != "none", pl.col("propensity").is_not_null()
    )
    pairs = taught.join(contacts.select("user_id", "sent_at"), on="user_id")
    assert len(pairs) > 0, "somebody who taught was treated at another time"
    inside = (pl.col("sent_at") >= pl.col("snapshot_date")) & (pl.col("sent_at") < pl.col("matures_at"))
    assert pairs.filter(inside).is_empty()
    eligible = shop.query(
        "select user_id, snapshot_date, matures_at from features.churn_labels where is_eligible "
        f"and definition = 'inactivity' and snapshot_date in {tuple(map(str, taught['snapshot_date'].unique()))}"
    )
    left_out = eligible.join(taught, on=["user_id", "snapshot_date"], how="anti")
    reached = left_out.join(contacts.select("user_id", "sent_at"), on="user_id").filter(inside)
    objecting = shop.query(
        f"select user_id from features.user_statuses where status = 'objected' and snapshot_date = date '{LAST}'"
    )
    assert len(left_out) > 0
    assert set(left_out["user_id"]) - set(reached["user_id"]) <= set(objecting["user_id"])
    assert set(taught["user_id"]).isdisjoint(objecting["user_id"])


def test_the_champion_scores_until_another_has_won(shop: Instance) -> None:
    """In the second week no slice has matured that the champion of the first did not learn from."""
    told = shop.query("select * from training.model_promotions order by snapshot_date")
    assert told["decision"].to_list()[:2] == ["first", "kept"]
    assert told["champion_snapshot_date"].to_list()[:2] == [FIRST, FIRST]
    tested = told.row(2, named=True)
    assert tested["slice_date"] == FIRST, "the first slice that the champion did not learn from"
    is_won = tested["log_loss_gain_low"] > 0
    assert tested["champion_snapshot_date"] == (LAST if is_won and tested["decision"] == "promoted" else FIRST)
    used = shop.query("select distinct snapshot_date, model_version from scoring.scored_users order by all")
    assert used.rows() == told.select("snapshot_date", "model_version").rows()


def test_the_call_list_holds_the_calls_and_nothing_else(shop: Instance) -> None:
    called = shop.query("select snapshot_date, user_id, call_rank from interventions.call_list order by all")
    planned = shop.query(
        "select snapshot_date, user_id from interventions.decision_ledger where channel = 'call' order by all"
    )
    assert called.select("snapshot_date", "user_id").equals(planned)
    for _, calls in called.group_by("snapshot_date"):
        assert sorted(calls["call_rank"]) == list(range(1, len(calls) + 1))


def test_performance_is_measured_when_the_labels_have_matured(shop: Instance) -> None:
    """Scores of the first snapshot mature at the last; outcomes are worked out again from the raw orders."""
    measured = shop.query("select * from monitoring.model_performance where population = 'all'")
    assert measured.select("snapshot_date", "measured_at").rows() == [(FIRST, datetime(2026, 11, 16))]

    scored = shop.query(
        "select user_id, churn_probability from scoring.scored_users "
        f"where snapshot_date = '{FIRST}' and status = 'eligible'"
    )
    orders = known_before(shop.landing, "orders", LAST, ["order_id"])
    kept = orders.filter(
        pl.col("ordered_at").is_between(FIRST, FIRST + HORIZON, closed="left"), ~pl.col("status").is_in(CANCELLED)
    )
    is_churned = ~scored["user_id"].is_in(kept["user_id"].to_list())
    row = measured.row(0, named=True)
    assert (row["users"], row["churners"]) == (len(scored), is_churned.sum())
    assert row["auc"] == pytest.approx(roc_auc_score(is_churned, scored["churn_probability"]))


def test_an_option_given_by_chance_is_what_the_ledger_says_and_few_of_them_prove_nothing(shop: Instance) -> None:
    drawn = shop.query("from interventions.random_options order by user_id")
    ledger = shop.query("select * from interventions.decision_ledger where is_exploration")
    both = ledger.join(drawn, on=["user_id", "snapshot_date"], how="inner")
    assert both.height == drawn.height >= 10
    given = pl.concat_str("arm", pl.lit("_") + pl.col("level").fill_null(""), ignore_nulls=True).str.strip_chars("_")
    assert both.filter(given != pl.col("treatment")).is_empty()
    assert (both["propensity"] == both["propensity_right"]).all()
    assert not both["is_holdout"].any()
    values = shop.query(f"select * from effects.policy_value where snapshot_date = date '{LAST}'")
    assert {"none", "rules", "value", "learned"} < set(values["policy"])
    assert set(values["verdict"]) == {"too few users"}
    assert set(values["users"]) == {drawn.filter(pl.col("snapshot_date") == FIRST).height}  # one window has closed


def test_effects_are_read_for_past_campaigns_and_for_the_policy_itself(shop: Instance) -> None:
    read = shop.query(f"select * from effects.experiment_readout where snapshot_date = '{LAST}'")
    own = read.filter(pl.col("campaign").str.contains(f"@{FIRST}/", literal=True))
    past = read.filter(~pl.col("campaign").str.contains("@", literal=True))
    assert own["is_matured"].all()
    assert own["effect"].drop_nulls().len() > 0
    assert own.filter(pl.col("effect").is_null())["note"].null_count() == 0, "why there is none has to be said"
    assert past.filter("is_matured")["p_value"].drop_nulls().is_between(0, 1).all()
    assert past.filter("is_matured").height > 0
    assert own.height > 0
    pooled = shop.query(f"select * from effects.arm_effects where snapshot_date = '{LAST}' and dimension = 'all'")
    assert pooled.filter(pl.col("effect_low").is_not_null())["weeks"].max() > 1  # type: ignore[operator]
    programme = shop.query(f"select * from effects.program_effects where snapshot_date = '{LAST}'")
    assert programme.filter(metric="spent_amount").item(0, "holdout_users") > 0
    power = shop.query(f"select * from effects.experiment_power where snapshot_date = '{LAST}'")
    assert power.filter(treatment="holdout", metric="retained", weeks=52).item(0, "smallest_effect") < 1
    young = read.filter(pl.col("campaign").str.contains(f"@{SECOND}/", literal=True))
    assert young.height > 0
    assert not young["is_matured"].any()
    assert young["effect"].null_count() == len(young)


def test_each_run_writes_a_report_that_names_its_figures_and_nobody(base: Base, shop: Instance) -> None:
    for day in WEEKS:
        assert base.outputs[day].rstrip().endswith(f"reports/snapshot_{day}.html"), "its path ends the last line"
        assert base.outputs[day].splitlines()[-1].startswith("Next: churn approve --home ")
    page = (shop.home / "reports" / f"snapshot_{LAST}.html").read_text()
    figures = "select count(*), count(*) filter (where risk_tier in ('urgent', 'watch')) from scoring.scored_users"
    eligible, alarms = shop.query(f"{figures} where snapshot_date = date '{LAST}' and status = 'eligible'").row(0)
    assert f"<b>{eligible}</b>" in page
    assert f"<h1>{alarms} users are slipping away" in page
    assert f"<h1>{alarms} 位用户正在流失" in page
    arms = "select arm, count(*) from interventions.decision_ledger where arm <> 'none'"
    acted = shop.query(f"{arms} and snapshot_date = date '{LAST}' group by arm").rows()
    assert all(arm.replace("_", " ") in page for arm, _ in acted)
    assert sum(users for _, users in acted) > 0
    people = shop.query("select distinct user_id from marts.dim_users")["user_id"]
    assert [user for user in people if user in page] == []
    assert "@example.com" not in page
    assert "What changed since 9 Nov" in page


def test_a_report_can_be_written_anew(shop: Instance) -> None:
    file = shop.home / "reports" / f"snapshot_{LAST}.html"
    before = file.read_bytes()
    assert shop.succeed("report").strip() == str(file)
    assert file.read_bytes() == before
    refused = shop.churn("report", "--snapshot", "2026-11-23")
    assert refused.returncode == 1
    assert "Error: " in refused.stderr
    assert "2026-11-23" in refused.stderr
