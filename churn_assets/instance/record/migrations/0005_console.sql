-- People who use the console, their sessions, what they did, and who has agreed to a plan that needs two of them.
create table if not exists accounts (
  name text primary key, role text not null, password_hash text not null, made_at text not null, made_by text not null,
  is_disabled integer not null
) strict;
create table if not exists sessions (
  token_sha256 text primary key, account text not null, csrf text not null, made_at text not null, expires_at text not null
) strict;
create table if not exists audit (
  sequence integer primary key, at text not null, account text not null, act text not null, subject text not null,
  detail text not null, address text not null
) strict;
create table if not exists assents (
  snapshot_date text not null, plan_sha256 text not null, account text not null, at text not null,
  primary key (snapshot_date, plan_sha256, account)
) strict;
