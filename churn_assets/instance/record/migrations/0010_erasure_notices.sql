-- Notices to the sides that were handed data of an erased user; a row goes once its side has taken it.
create table if not exists erasure_notices (
  notice_key text primary key, adapter text not null, payload text not null, made_at text not null
) strict;

create trigger erasure_notices_chain_insert after insert on erasure_notices begin
  insert into changed (table_name, row_key) values
    ('erasure_notices', json_array(new.notice_key));
end;
create trigger erasure_notices_chain_update after update on erasure_notices begin
  insert into changed (table_name, row_key) values
    ('erasure_notices', json_array(old.notice_key)),
    ('erasure_notices', json_array(new.notice_key));
end;
create trigger erasure_notices_chain_delete after delete on erasure_notices begin
  insert into changed (table_name, row_key) values
    ('erasure_notices', json_array(old.notice_key));
end;
