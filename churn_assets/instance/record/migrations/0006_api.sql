-- Programs that read over the API, and what became of sent messages as their senders reported it.
create table if not exists tokens (
  name text primary key, token_sha256 text not null unique, scopes text not null, made_at text not null,
  made_by text not null, expires_at text not null, revoked_at text
) strict;

-- Append-only. Each event of a message once, however often it is reported.
create table if not exists message_events (
  sequence integer primary key, message_key text not null, event text not null, occurred_at text not null,
  received_at text not null, unique (message_key, event, occurred_at)
) strict;

-- Ids of signed requests that were taken, for as long as their signature is valid: another body under one is refused.
create table if not exists received_requests (
  request_id text primary key, body_sha256 text not null, received_at text not null
) strict;

-- Channels by which a user is not written to any more, as an address that does not exist. `suppressions`: on every one.
create table if not exists channel_suppressions (
  user_id text not null, channel text not null, reason text not null, since text not null, suppressed_by text not null,
  primary key (user_id, channel)
) strict;

drop trigger if exists nothing_leaves_without_consent;
create trigger nothing_leaves_without_consent before update of state on outbox when new.state = 'dispatched'
begin
  select raise(abort, 'no valid consent') where not coalesce((
  select max(case when is_granted then moment end)
      > coalesce(max(case when not is_granted and channel <> 'all' then moment end), '')
    and coalesce(max(case when is_granted and channel = 'all' then moment end), '')
      >= coalesce(max(case when not is_granted and channel = 'all' then moment || ' ' end), '')
  from (
    select channel, is_granted, substr(changed_at || '.000000', 1, 26) as moment from consent_words
    where user_id = new.user_id and channel in (new.channel, 'all') and 1
  )
), 0);
  select raise(abort, 'suppressed') where exists (select 1 from suppressions where user_id = new.user_id);
  select raise(abort, 'suppressed') where exists (
    select 1 from channel_suppressions where user_id = new.user_id and channel = new.channel
  );
end;
