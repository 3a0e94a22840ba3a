{{ config(materialized="ephemeral") }}

-- A row with channel `none` stands for a user left alone on purpose: nothing was received.
with contacts as (
  select
    contacts.snapshot_date,
    contacts.user_id,
    contacts.sent_at,
    coalesce(least(contacts.opened_at, contacts.clicked_at) < contacts.snapshot_date, false) as is_opened,
    coalesce(contacts.clicked_at < contacts.snapshot_date, false) as is_clicked,
    contacts.sent_at > orders.last_ordered_at as is_after_order,
    orders.last_ordered_at is not null as has_ordered
  from ({{ rows_before_snapshots("fct_contacts", "sent_at", longest_window()) }}) as contacts
  left join {{ ref("feat_orders") }} as orders using (snapshot_date, user_id)
  where coalesce(lower(contacts.channel), '') <> 'none'
)

select
  snapshot_date,
  user_id,
  {{ per_window("contacts", "count(*) [in window]", "sent_at") }},
  {{ per_window("contacts_opened", "count(case when is_opened then 1 end) [in window]", "sent_at") }},
  {{ per_window("contacts_clicked", "count(case when is_clicked then 1 end) [in window]", "sent_at") }},
  cast(count_if(is_opened) as double) / count(*) as contact_open_share,
  cast(count_if(is_clicked) as double) / count(*) as contact_click_share,
  {{ days_between("max(sent_at)", "snapshot_date") }} as days_since_contact,
  case when bool_or(has_ordered) then count(case when is_after_order then 1 end) end as contacts_since_order_count
from contacts
group by snapshot_date, user_id
