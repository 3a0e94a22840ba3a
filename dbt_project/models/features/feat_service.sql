{{ config(materialized="ephemeral") }}

-- What is said to happen at or after the snapshot has not happened: no answer yet, and no word on a ticket still open.
with tickets as (
  select
    snapshot_date,
    user_id,
    opened_at,
    case
      when first_replied_at < snapshot_date then date_diff('second', opened_at, greatest(first_replied_at, opened_at))
    end as waited_seconds,
    {%- if has_raw_column("support_tickets", "closed_at") %}
    case when closed_at < snapshot_date then cast(satisfaction as decimal(9, 4)) end as satisfaction
    {%- else %}
    cast(satisfaction as decimal(9, 4)) as satisfaction
    {%- endif %}
  from ({{ rows_before_snapshots("fct_support_tickets", "opened_at", longest_window()) }})
)

select
  snapshot_date,
  user_id,
  {{ per_window("tickets", "count(*) [in window]", "opened_at") }},
  count(*) - count(waited_seconds) as unanswered_tickets_count,
  {{ mean("waited_seconds") }} / 3600 as first_reply_mean_hours,
  {{ mean("satisfaction") }} as satisfaction_mean
from tickets
group by snapshot_date, user_id
