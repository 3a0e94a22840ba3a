"""Queries by which Python reads the warehouse. Each states its grain; none reads rows known after its snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import polars as pl

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.counted import counted_at
from churn_assets.settings.extra import extra_features
from churn_assets.workplace import Workplace

LABELLED = f"""
select features.user_id, features.snapshot_date, labels.matures_at, labels.is_churned,
       exists (
         select 1 from marts.fct_contacts as contacts
         where contacts.user_id = features.user_id and contacts.channel <> 'none' and contacts.propensity is not null
           and contacts.sent_at >= features.snapshot_date and contacts.sent_at < labels.matures_at
           and {counted_at(row="contacts")}
       ) as is_treated,
       features.* exclude (user_id, snapshot_date)
from features.user_features as features
inner join features.churn_labels as labels using (user_id, snapshot_date)
where labels.is_eligible and labels.definition = $definition and labels.matures_at <= $snapshot
  and list_contains($slices, features.snapshot_date)
  and not exists (
    select 1 from features.user_statuses as now
    where now.user_id = features.user_id and now.snapshot_date = $snapshot and now.status = 'objected'
  )
  -- By a hash that no version of DuckDB changes: the same users in every slice, and mostly the same next week.
  and ($share >= 1 or md5_number_lower(features.user_id) % 1000000 < $share * 1000000)
order by features.snapshot_date, features.user_id
"""
LABELLED_ROWS = """
select count(*) from features.churn_labels
where is_eligible and definition = $definition and matures_at <= $snapshot and list_contains($slices, snapshot_date)
"""
AT_SNAPSHOT = """
select features.user_id, features.snapshot_date, statuses.status, features.* exclude (user_id, snapshot_date)
from features.user_features as features
inner join features.user_statuses as statuses using (user_id, snapshot_date)
where features.snapshot_date = $snapshot
order by features.user_id
"""
ELIGIBLE = """
select features.* from features.user_features as features
semi join (select * from features.user_statuses where status = 'eligible') using (user_id, snapshot_date)
where features.snapshot_date = $snapshot
order by features.user_id
"""
# The same users at every snapshot, as far as they are eligible there.
SAMPLED = """
select features.* from features.user_features as features
semi join (
  select user_id, snapshot_date from features.user_statuses
  where status = 'eligible' and list_contains($days, snapshot_date)
  qualify row_number() over (partition by snapshot_date order by md5(user_id)) <= $users
) using (user_id, snapshot_date)
where list_contains($days, features.snapshot_date)
order by features.snapshot_date, features.user_id
"""
ELIGIBLE_USERS = """
select user_id from features.user_statuses where snapshot_date = $snapshot and status = 'eligible' order by user_id
"""
SEGMENTS = """
select user_id, tenure_days, city_tier from features.user_features where snapshot_date = $snapshot order by user_id
"""
GROUPS = f"""
select features.user_id, features.age_years, features.is_female, {{extra}}any_value(users.region) as region
from features.user_features as features
left join marts.dim_users as users on
  users.user_id = features.user_id and {counted_at(row="users")}
where features.snapshot_date = $snapshot
group by all order by features.user_id
"""
CONSENTS = f"""
select statuses.user_id, {", ".join(f"consent_{channel}" for channel in SENDING_CHANNELS)},
       users.has_email, users.has_phone, users.household_id, users.device_id
from features.user_statuses as statuses
left join marts.dim_users as users on
  users.user_id = statuses.user_id and {counted_at(row="users")}
where statuses.snapshot_date = $snapshot and statuses.status = 'eligible'
order by statuses.user_id
"""
REACHED = f"""
select user_id, arm, channel, sent_at from marts.fct_contacts
where channel <> 'none' and sent_at < $snapshot and sent_at >= $since
  and {counted_at()}
order by user_id, sent_at
"""
LABELS = """
select user_id, snapshot_date, is_churned, matures_at
from features.churn_labels
where definition = $definition and matures_at <= $snapshot and list_contains($slices, snapshot_date)
"""
CAMPAIGNS = f"""
select campaign_id as campaign, user_id, contact_id, arm, propensity, is_randomised, sent_at
from marts.fct_contacts
where sent_at < $snapshot and {counted_at()}
qualify bool_or(coalesce(is_randomised, false)) over (partition by campaign_id) and campaign_id is not null
order by campaign_id, user_id, sent_at, contact_id
"""


def labelled_features(workplace: Workplace, snapshot: date, slices: Sequence[date]) -> pl.DataFrame:
    """One row per eligible user and slice whose label had matured by `snapshot`; no user who has objected by then.

    `is_treated`: before its label window was over, something reached the user by a decision that states its propensity.
    Mailings without a propensity count as no treatment. Of more than training.max_rows a share of the users is drawn.
    """
    settings = workplace.settings
    asked = {"snapshot": snapshot, "slices": list(slices), "definition": settings.churn.definition}
    rows = workplace.warehouse.query(LABELLED_ROWS, asked).item()
    return workplace.warehouse.query(LABELLED, asked | {"share": settings.training.max_rows / max(rows, 1)})


def features_at(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per user known at `snapshot`, with status and features."""
    return workplace.warehouse.query(AT_SNAPSHOT, {"snapshot": snapshot})


def eligible_features_at(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per user who is scored at `snapshot`, with features."""
    return workplace.warehouse.query(ELIGIBLE, {"snapshot": snapshot})


def sampled_features(workplace: Workplace, days: Sequence[date], users: int) -> pl.DataFrame:
    """One row per snapshot of `days` that was built and user of a sample of so many who were scored, with features."""
    return workplace.warehouse.query(SAMPLED, {"days": list(days), "users": users})


def eligible_users_at(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per user who is scored at `snapshot`: user_id."""
    return workplace.warehouse.query(ELIGIBLE_USERS, {"snapshot": snapshot})


def segments_at(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per user known at `snapshot`: the columns of segments, null where unknown."""
    return workplace.warehouse.query(SEGMENTS, {"snapshot": snapshot})


def groups_at(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per user known at `snapshot`: protected attributes, and features of protected extra columns, null where
    unknown.
    """
    protected = [
        each.feature for each in extra_features(workplace.settings.features.extra) if each.feature.is_protected
    ]
    extra = "".join(f'features."{feature.name}", ' for feature in protected)
    return workplace.warehouse.query(GROUPS.format(extra=extra), {"snapshot": snapshot})


def consents_at(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per eligible user: consent per channel, whether there is an address, household and device.

    Null where unknown.
    """
    return workplace.warehouse.query(CONSENTS, {"snapshot": snapshot})


def contacts_before(workplace: Workplace, snapshot: date, days: int) -> pl.DataFrame:
    """One row per contact that reached a user in the `days` before `snapshot`, whoever sent it."""
    since = datetime.combine(snapshot, time()) - timedelta(days=days)
    return workplace.warehouse.query(REACHED, {"snapshot": snapshot, "since": since})


def matured_labels(workplace: Workplace, snapshot: date, slices: Sequence[date]) -> pl.DataFrame:
    """One row per user and slice whose label had matured by `snapshot`."""
    definition = workplace.settings.churn.definition
    return workplace.warehouse.query(LABELS, {"snapshot": snapshot, "slices": list(slices), "definition": definition})


def campaign_contacts(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """One row per contact of a campaign with a randomised contact (contract Contacts)."""
    return workplace.warehouse.query(CAMPAIGNS, {"snapshot": snapshot})
