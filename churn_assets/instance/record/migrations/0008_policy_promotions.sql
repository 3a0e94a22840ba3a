-- Append-only. Which policy makes the plans from a snapshot on, who decided it and why. A row counts as long as
-- decisions.policy is still the default_policy that it was decided against.
create table if not exists policy_promotions (
  sequence integer primary key, snapshot_date text not null, policy text not null, default_policy text not null,
  decision text not null, reason text not null, decided_by text not null, decided_at text not null
) strict;
