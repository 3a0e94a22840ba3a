"""Tables of the record store about messages: planned, approved, words on consent, tries, and codes given out.

Consent is guarded here, below every caller: a message cannot become `dispatched` without the user's word at that time.
"""

CODES_SCHEMA = """
-- Append-only. Coupon codes handed over with a message (given_to: its key, `erased` where the user was erased since).
-- A code in here is never given again, whatever became of the message.
create table if not exists codes_given (code text primary key, given_to text not null, given_at text not null) strict;
create index if not exists codes_given_to on codes_given (given_to);
"""

DELIVERY_SCHEMA = """
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

drop view if exists newest_words;
create view newest_words as
select user_id, channel, is_granted from (
  select user_id, channel, is_granted, row_number() over (
    partition by user_id, channel order by changed_at desc, sequence desc
  ) as place
  from consent_words
) where place = 1;

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
"""
