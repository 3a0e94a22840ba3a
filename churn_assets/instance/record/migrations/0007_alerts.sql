-- What is to be told, and who has taken it.
create table if not exists alerts (
  sequence integer primary key, raised_at text not null, kind text not null, subject text not null,
  snapshot_date text not null, text text not null, next_step text not null
) strict;
create index if not exists alerts_by_subject on alerts (kind, subject, raised_at);
create table if not exists alerts_taken (
  receiver text not null, sequence integer not null, taken_at text not null, primary key (receiver, sequence)
) strict;
