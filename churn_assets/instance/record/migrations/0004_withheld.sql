-- Partitions that are listed and not to be read: being rebuilt since that moment, or their check has failed.
create table if not exists withheld (
  stage text not null, table_name text not null, snapshot_date text not null, reason text not null, since text not null,
  primary key (stage, table_name, snapshot_date)
) strict;
