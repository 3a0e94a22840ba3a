-- Consent holds where a yes is newer than every no: of two at one moment the no counts, and a no to all channels is lifted
-- by a yes to all channels only (churn_assets/instance/record/consent.py). Rows of before keep their meaning.

drop trigger if exists nothing_leaves_without_consent;
drop view if exists newest_words;

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
end;
