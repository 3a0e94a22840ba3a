-- The schema of the first releases, which did not number it (churn-assets 0.1.0). They may have made any part of it, so
-- each part is made only where it is missing.

create table if not exists manifest (
  stage text not null, table_name text not null, snapshot_date text not null,
  path text not null, sha256 text not null, rows integer not null, bytes integer not null,
  is_sealed integer not null, published_at text not null,
  primary key (stage, table_name, snapshot_date)
) strict;

-- Append-only. Which model is champion from a snapshot on, who decided it and why.
create table if not exists model_promotions (
  sequence integer primary key, snapshot_date text not null, champion_snapshot_date text not null,
  model_version text not null, definition text not null, decision text not null, reason text not null,
  decided_by text not null, decided_at text not null
) strict;

create table if not exists facts (name text primary key, value text not null) strict;

create table if not exists outbox (
  message_key text primary key, decision_id text not null, user_id text not null, channel text not null,
  template text not null, payload text not null, state text not null, not_before text not null, expires_at text not null
) strict;
create index if not exists outbox_by_state on outbox (state, message_key);

-- Append-only. One row per approval of a plan; the newest of a snapshot counts.
create table if not exists approvals (
  sequence integer primary key, snapshot_date text not null, plan_sha256 text not null, messages integer not null,
  cost_amount real not null, approved_by text not null, approved_at text not null, signature text not null
) strict;

-- Append-only. Words on direct marketing, wherever they came from: the newest per user and channel counts.
create table if not exists consent_words (
  sequence integer primary key, user_id text not null, channel text not null, is_granted integer not null,
  changed_at text not null, source text not null, received_at text not null
) strict;
create index if not exists consent_words_of_user on consent_words (user_id);

create table if not exists suppressions (
  user_id text primary key, reason text not null, since text not null, suppressed_by text not null
) strict;

-- Append-only but for its outcome. One row per try, written before it is made.
create table if not exists attempts (
  sequence integer primary key, message_key text not null, user_id text not null, adapter text not null,
  payload_sha256 text not null, started_at text not null, fate text, detail text, ended_at text
) strict;
create index if not exists attempts_of_message on attempts (message_key);
create index if not exists attempts_of_user on attempts (user_id, started_at);

-- Append-only. A sealed partition that an erasure replaced: what was sealed, and what stands in its place.
create table if not exists erasures (
  stage text not null, table_name text not null, snapshot_date text not null,
  old_sha256 text not null, new_sha256 text not null, rows integer not null, at text not null
) strict;

-- Files that have been searched for everybody who is erased, and by which tombstones.
create table if not exists swept_files (sha256 text primary key, tombstones text not null) strict;

drop view if exists newest_words;
create view newest_words as
select user_id, channel, is_granted from (
  select user_id, channel, is_granted, row_number() over (
    partition by user_id, channel order by changed_at desc, sequence desc
  ) as place
  from consent_words
) where place = 1;

-- Consent is guarded here, below every caller: no message becomes `dispatched` without the user's word at that time.
drop trigger if exists nothing_leaves_without_consent;
create trigger nothing_leaves_without_consent before update of state on outbox when new.state = 'dispatched'
begin
  select raise(abort, 'no valid consent')
  where not coalesce(
    (select is_granted from newest_words where user_id = new.user_id and channel = new.channel),
    (select is_granted from newest_words where user_id = new.user_id and channel = 'all'), 0
  ) or 0 = (select is_granted from newest_words where user_id = new.user_id and channel = 'all');
  select raise(abort, 'suppressed') where exists (select 1 from suppressions where user_id = new.user_id);
end;

drop trigger if exists a_payload_is_for_ever;
create trigger a_payload_is_for_ever before update of payload, user_id, channel, template, decision_id on outbox
begin
  select raise(abort, 'the content of a message never changes');
end;
