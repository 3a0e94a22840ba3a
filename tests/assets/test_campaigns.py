"""A campaign that began with one in ten and went on with one in two, beside others, through the asset itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from churn_assets.contracts.random_options import RandomOptions
from churn_assets.defs.effects.assets import measured_effects
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

SHOP = Path(__file__).parents[1] / "fixtures" / "ramped_up"
DAY = date(2026, 11, 16)
Run = Callable[..., Any]
VERSION = "known_at timestamp, superseded_at timestamp"
OTHERS = {
    "fct_returns": "user_id varchar, returned_at timestamp, amount decimal(18, 4)",
    "fct_coupons": "user_id varchar, redeemed_at timestamp, face_amount decimal(18, 4)",
    "fct_consents": "user_id varchar, changed_at timestamp, is_granted boolean",
    "fct_support_tickets": "user_id varchar, opened_at timestamp",
    "fct_events": "user_id varchar, occurred_at timestamp, event_type varchar",
    "fct_surveys": "user_id varchar, asked_at timestamp, question varchar, answer varchar",
}


@pytest.fixture
def readout(execute: Run, workplace: Workplace) -> Run:
    """Puts contacts and orders into the marts, more contacts on top, and reads all campaigns at DAY."""

    def read(*more: str) -> tuple[dict[str, Any], dict[str, Any]]:
        execute(
            "create schema marts",
            f"""create table marts.fct_orders as select *, true as is_purchase, ordered_at as known_at,
            cast(null as timestamp) as superseded_at from read_csv('{SHOP / "orders.csv"}')""",
            f"""create table marts.fct_contacts as select *, sent_at as known_at,
            cast(null as timestamp) as superseded_at, 0 as cost_amount, cast(null as timestamp) as clicked_at
            from read_csv('{SHOP / "contacts.csv"}')""",
            *(f"create table marts.{table} ({columns}, {VERSION})" for table, columns in OTHERS.items()),
            *(f"insert into marts.fct_contacts select *, 0, null from ({rows})" for rows in more),
        )
        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize(
                [measured_effects], partition_key=str(DAY), resources={"workplace": workplace}, instance=instance
            )
        event = next(
            each
            for each in result.get_asset_materialization_events()
            if each.asset_key == dg.AssetKey([Stage.EFFECTS, "experiment_readout"])
        )
        metadata = {name: value.value for name, value in event.materialization.metadata.items()}
        rows = workplace.tables.read(Stage.EFFECTS, "experiment_readout", DAY)
        return {(row["campaign"], row["arm"], row["metric"]): row for row in rows.iter_rows(named=True)}, metadata

    return read


def test_it_is_read_within_its_two_allocations(readout: Run) -> None:
    """By hand from the files: 8 of 10 mailed and 60 of 90 others came back, then 33 of 50 and 27 of 50."""
    rows, metadata = readout()
    row = rows["autumn", "mail", "retained"]

    assert (row["users"], row["control_users"], row["is_matured"], row["is_sample_ratio_ok"]) == (60, 140, True, True)
    assert row["effect"] == pytest.approx(0.5 * (8 / 10 - 60 / 90) + 0.5 * (33 / 50 - 27 / 50))
    assert row["effect_low"] < row["effect"] < row["effect_high"]
    assert row["note"] == "read in 2 strata of equal allocation"
    assert (metadata["campaigns left out"], metadata["campaigns matured"]) == ("none", 1)


def test_whatever_is_odd_about_the_others_each_is_noted(readout: Run) -> None:
    """Copies of the campaign: without propensities, with zero ones, with one arm, with contacts not drawn by chance."""
    copy = "select '{0}-' || contact_id, user_id, sent_at, '{0}', {1}, channel, {2}, {3}, known_at, null {4}"
    source = "from marts.fct_contacts where campaign_id = 'autumn'"
    rows, metadata = readout(
        copy.format("null", "arm", "true", "null", source),
        copy.format("zero", "arm", "true", "0.0", source),
        copy.format("alone", "arm", "true", "propensity", source + " and arm = 'control'"),
        copy.format("mixed", "arm", "arm = 'mail' or user_id < 'u0100'", "propensity", source),
        copy.format("both", "case when user_id > 'u0150' and arm = 'control' then 'none' else arm end", "true",
                    "propensity", source),
        copy.format("by_hand", "arm", "false", "propensity", source),
    )  # fmt: skip
    notes = {campaign: row["note"] for (campaign, _, metric), row in rows.items() if metric == "retained"}
    overlap = "200 of 200 users were in another campaign within the window"

    nobody = f"left out: nobody has a propensity; 200 users whose propensity is unknown or 0 left out; {overlap}"

    assert (notes["null"], notes["zero"]) == (nobody, nobody)
    assert notes["autumn"] == f"read in 2 strata of equal allocation; {overlap}"
    assert "50 users left out: not assigned by chance" in notes["mixed"]
    assert "50 users of strata without 2 users on both sides left out" in notes["mixed"]
    assert "arms control and none are read together as left alone" in notes["both"]
    assert {"alone", "by_hand"}.isdisjoint(notes)
    assert metadata["campaigns left out"] == "alone, null, zero"
    assert "- alone: left out: nobody is known who was treated and can be compared" in metadata["notes"]
    assert "by_hand" not in metadata["notes"], "nothing was left to chance there"


def test_the_random_side_of_a_plan_that_was_never_sealed_is_no_campaign(readout: Run, workplace: Workplace) -> None:
    """A run publishes it before the ledger, and may die between them: then nobody was given anything."""
    decided, version = date(2026, 9, 7), "rules-00000000"
    options = [
        {"user_id": user, "snapshot_date": decided, "policy_version": version, "treatments": ["coupon"],
         "treatment": drawn, "propensity": 0.5, "learned": "coupon", "rules": "coupon", "value": "coupon"}
        for user, drawn in (("u1", "coupon"), ("u2", "none"))
    ]  # fmt: skip
    side = pl.DataFrame(options, schema=RandomOptions.empty().schema)
    workplace.tables.publish(Stage.INTERVENTIONS, "random_options", decided, side)
    assert not [campaign for campaign, *_ in readout()[0] if "/random/" in campaign]
    assert workplace.tables.read(Stage.EFFECTS, "policy_value", DAY).is_empty()
