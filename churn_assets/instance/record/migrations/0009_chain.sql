-- A keyed hash of every row of the record, chained in the order of changes, so that rows edited by another program than this
-- are noticed (churn_assets/instance/record/chain.py). A deleted row has no hash. `changed` holds the keys of rows that a
-- transaction has changed until it chains them; a key that stays there is of a row that something else has changed.
create table chain (
  sequence integer primary key, table_name text not null, row_key text not null, row_mac text, mac text not null
) strict;
create table chain_head (id integer primary key check (id = 1), sequence integer not null, mac text not null) strict;
create table changed (sequence integer primary key, table_name text not null, row_key text not null) strict;

create trigger manifest_chain_insert after insert on manifest begin
  insert into changed (table_name, row_key) values
    ('manifest', json_array(new.stage, new.table_name, new.snapshot_date));
end;
create trigger manifest_chain_update after update on manifest begin
  insert into changed (table_name, row_key) values
    ('manifest', json_array(old.stage, old.table_name, old.snapshot_date)),
    ('manifest', json_array(new.stage, new.table_name, new.snapshot_date));
end;
create trigger manifest_chain_delete after delete on manifest begin
  insert into changed (table_name, row_key) values
    ('manifest', json_array(old.stage, old.table_name, old.snapshot_date));
end;

create trigger model_promotions_chain_insert after insert on model_promotions begin
  insert into changed (table_name, row_key) values
    ('model_promotions', json_array(new.sequence));
end;
create trigger model_promotions_chain_update after update on model_promotions begin
  insert into changed (table_name, row_key) values
    ('model_promotions', json_array(old.sequence)),
    ('model_promotions', json_array(new.sequence));
end;
create trigger model_promotions_chain_delete after delete on model_promotions begin
  insert into changed (table_name, row_key) values
    ('model_promotions', json_array(old.sequence));
end;

create trigger facts_chain_insert after insert on facts begin
  insert into changed (table_name, row_key) values
    ('facts', json_array(new.name));
end;
create trigger facts_chain_update after update on facts begin
  insert into changed (table_name, row_key) values
    ('facts', json_array(old.name)), ('facts', json_array(new.name));
end;
create trigger facts_chain_delete after delete on facts begin
  insert into changed (table_name, row_key) values
    ('facts', json_array(old.name));
end;

create trigger outbox_chain_insert after insert on outbox begin
  insert into changed (table_name, row_key) values
    ('outbox', json_array(new.message_key));
end;
create trigger outbox_chain_update after update on outbox begin
  insert into changed (table_name, row_key) values
    ('outbox', json_array(old.message_key)),
    ('outbox', json_array(new.message_key));
end;
create trigger outbox_chain_delete after delete on outbox begin
  insert into changed (table_name, row_key) values
    ('outbox', json_array(old.message_key));
end;

create trigger approvals_chain_insert after insert on approvals begin
  insert into changed (table_name, row_key) values
    ('approvals', json_array(new.sequence));
end;
create trigger approvals_chain_update after update on approvals begin
  insert into changed (table_name, row_key) values
    ('approvals', json_array(old.sequence)),
    ('approvals', json_array(new.sequence));
end;
create trigger approvals_chain_delete after delete on approvals begin
  insert into changed (table_name, row_key) values
    ('approvals', json_array(old.sequence));
end;

create trigger consent_words_chain_insert after insert on consent_words begin
  insert into changed (table_name, row_key) values
    ('consent_words', json_array(new.sequence));
end;
create trigger consent_words_chain_update after update on consent_words begin
  insert into changed (table_name, row_key) values
    ('consent_words', json_array(old.sequence)),
    ('consent_words', json_array(new.sequence));
end;
create trigger consent_words_chain_delete after delete on consent_words begin
  insert into changed (table_name, row_key) values
    ('consent_words', json_array(old.sequence));
end;

create trigger suppressions_chain_insert after insert on suppressions begin
  insert into changed (table_name, row_key) values
    ('suppressions', json_array(new.user_id));
end;
create trigger suppressions_chain_update after update on suppressions begin
  insert into changed (table_name, row_key) values
    ('suppressions', json_array(old.user_id)),
    ('suppressions', json_array(new.user_id));
end;
create trigger suppressions_chain_delete after delete on suppressions begin
  insert into changed (table_name, row_key) values
    ('suppressions', json_array(old.user_id));
end;

create trigger attempts_chain_insert after insert on attempts begin
  insert into changed (table_name, row_key) values
    ('attempts', json_array(new.sequence));
end;
create trigger attempts_chain_update after update on attempts begin
  insert into changed (table_name, row_key) values
    ('attempts', json_array(old.sequence)),
    ('attempts', json_array(new.sequence));
end;
create trigger attempts_chain_delete after delete on attempts begin
  insert into changed (table_name, row_key) values
    ('attempts', json_array(old.sequence));
end;

create trigger erasures_chain_insert after insert on erasures begin
  insert into changed (table_name, row_key) values
    ('erasures', json_array(new.stage, new.table_name, new.snapshot_date, new.old_sha256, new.new_sha256, new.rows, new.at));
end;
create trigger erasures_chain_update after update on erasures begin
  insert into changed (table_name, row_key) values
    ('erasures', json_array(old.stage, old.table_name, old.snapshot_date, old.old_sha256, old.new_sha256, old.rows, old.at)),
    ('erasures', json_array(new.stage, new.table_name, new.snapshot_date, new.old_sha256, new.new_sha256, new.rows, new.at));
end;
create trigger erasures_chain_delete after delete on erasures begin
  insert into changed (table_name, row_key) values
    ('erasures', json_array(old.stage, old.table_name, old.snapshot_date, old.old_sha256, old.new_sha256, old.rows, old.at));
end;

create trigger codes_given_chain_insert after insert on codes_given begin
  insert into changed (table_name, row_key) values
    ('codes_given', json_array(new.code));
end;
create trigger codes_given_chain_update after update on codes_given begin
  insert into changed (table_name, row_key) values
    ('codes_given', json_array(old.code)),
    ('codes_given', json_array(new.code));
end;
create trigger codes_given_chain_delete after delete on codes_given begin
  insert into changed (table_name, row_key) values
    ('codes_given', json_array(old.code));
end;

create trigger withheld_chain_insert after insert on withheld begin
  insert into changed (table_name, row_key) values
    ('withheld', json_array(new.stage, new.table_name, new.snapshot_date));
end;
create trigger withheld_chain_update after update on withheld begin
  insert into changed (table_name, row_key) values
    ('withheld', json_array(old.stage, old.table_name, old.snapshot_date)),
    ('withheld', json_array(new.stage, new.table_name, new.snapshot_date));
end;
create trigger withheld_chain_delete after delete on withheld begin
  insert into changed (table_name, row_key) values
    ('withheld', json_array(old.stage, old.table_name, old.snapshot_date));
end;

create trigger accounts_chain_insert after insert on accounts begin
  insert into changed (table_name, row_key) values
    ('accounts', json_array(new.name));
end;
create trigger accounts_chain_update after update on accounts begin
  insert into changed (table_name, row_key) values
    ('accounts', json_array(old.name)), ('accounts', json_array(new.name));
end;
create trigger accounts_chain_delete after delete on accounts begin
  insert into changed (table_name, row_key) values
    ('accounts', json_array(old.name));
end;

create trigger audit_chain_insert after insert on audit begin
  insert into changed (table_name, row_key) values
    ('audit', json_array(new.sequence));
end;
create trigger audit_chain_update after update on audit begin
  insert into changed (table_name, row_key) values
    ('audit', json_array(old.sequence)),
    ('audit', json_array(new.sequence));
end;
create trigger audit_chain_delete after delete on audit begin
  insert into changed (table_name, row_key) values
    ('audit', json_array(old.sequence));
end;

create trigger assents_chain_insert after insert on assents begin
  insert into changed (table_name, row_key) values
    ('assents', json_array(new.snapshot_date, new.plan_sha256, new.account));
end;
create trigger assents_chain_update after update on assents begin
  insert into changed (table_name, row_key) values
    ('assents', json_array(old.snapshot_date, old.plan_sha256, old.account)),
    ('assents', json_array(new.snapshot_date, new.plan_sha256, new.account));
end;
create trigger assents_chain_delete after delete on assents begin
  insert into changed (table_name, row_key) values
    ('assents', json_array(old.snapshot_date, old.plan_sha256, old.account));
end;

create trigger channel_suppressions_chain_insert after insert on channel_suppressions begin
  insert into changed (table_name, row_key) values
    ('channel_suppressions', json_array(new.user_id, new.channel));
end;
create trigger channel_suppressions_chain_update after update on channel_suppressions begin
  insert into changed (table_name, row_key) values
    ('channel_suppressions', json_array(old.user_id, old.channel)),
    ('channel_suppressions', json_array(new.user_id, new.channel));
end;
create trigger channel_suppressions_chain_delete after delete on channel_suppressions begin
  insert into changed (table_name, row_key) values
    ('channel_suppressions', json_array(old.user_id, old.channel));
end;

create trigger message_events_chain_insert after insert on message_events begin
  insert into changed (table_name, row_key) values
    ('message_events', json_array(new.sequence));
end;
create trigger message_events_chain_update after update on message_events begin
  insert into changed (table_name, row_key) values
    ('message_events', json_array(old.sequence)),
    ('message_events', json_array(new.sequence));
end;
create trigger message_events_chain_delete after delete on message_events begin
  insert into changed (table_name, row_key) values
    ('message_events', json_array(old.sequence));
end;

create trigger policy_promotions_chain_insert after insert on policy_promotions begin
  insert into changed (table_name, row_key) values
    ('policy_promotions', json_array(new.sequence));
end;
create trigger policy_promotions_chain_update after update on policy_promotions begin
  insert into changed (table_name, row_key) values
    ('policy_promotions', json_array(old.sequence)),
    ('policy_promotions', json_array(new.sequence));
end;
create trigger policy_promotions_chain_delete after delete on policy_promotions begin
  insert into changed (table_name, row_key) values
    ('policy_promotions', json_array(old.sequence));
end;

create trigger tokens_chain_insert after insert on tokens begin
  insert into changed (table_name, row_key) values
    ('tokens', json_array(new.name));
end;
create trigger tokens_chain_update after update on tokens begin
  insert into changed (table_name, row_key) values
    ('tokens', json_array(old.name)), ('tokens', json_array(new.name));
end;
create trigger tokens_chain_delete after delete on tokens begin
  insert into changed (table_name, row_key) values
    ('tokens', json_array(old.name));
end;
