"""Tables of the record store about messages: what was planned, approved, said about consent, tried, and became of it.

Consent is guarded here, below every caller: a message cannot become `dispatched` without the user's word at that time.
"""

# The rule of consent/rule.py over consent_words; audit and trigger are this text. Moments are of 26 characters, so that
# they compare as text whatever their fraction.
CONSENT_HOLDS = """coalesce((
  select max(case when is_granted then moment end)
      > coalesce(max(case when not is_granted and channel <> 'all' then moment end), '')
    and coalesce(max(case when is_granted and channel = 'all' then moment end), '')
      >= coalesce(max(case when not is_granted and channel = 'all' then moment || ' ' end), '')
  from (
    select channel, is_granted, substr(changed_at || '.000000', 1, 26) as moment from consent_words
    where user_id = {user} and channel in ({channel}, 'all') and {known}
  )
), 0)"""
HOLDS_NOW = CONSENT_HOLDS.format(user="new.user_id", channel="new.channel", known="1")

DELIVERY_SCHEMA = f"""
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

drop trigger if exists nothing_leaves_without_consent;
drop view if exists newest_words;
create trigger nothing_leaves_without_consent before update of state on outbox when new.state = 'dispatched'
begin
  select raise(abort, 'no valid consent') where not {HOLDS_NOW};
  select raise(abort, 'suppressed') where exists (select 1 from suppressions where user_id = new.user_id);
end;

drop trigger if exists a_payload_is_for_ever;
create trigger a_payload_is_for_ever before update of payload, user_id, channel, template, decision_id on outbox
begin
  select raise(abort, 'the content of a message never changes');
end;
"""
