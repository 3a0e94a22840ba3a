-- Append-only. Coupon codes handed over with a message (given_to: its key, `erased` where the user was erased since). A
-- code in here is never given again, whatever became of the message.
create table if not exists codes_given (code text primary key, given_to text not null, given_at text not null) strict;
create index if not exists codes_given_to on codes_given (given_to);
