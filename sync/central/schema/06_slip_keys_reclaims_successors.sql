-- Keys that sign slips, cases known by their paper alone, and terminals that took another one's place.

create table slip_key (
  terminal_id text not null, key_id blob not null, public_key blob not null, told_at text not null,
  primary key (terminal_id, key_id)
) without rowid;

create table reclaim (
  terminal_id text not null, receipt_number text not null, entry_id blob not null, sequence integer not null,
  digest blob not null, recorded_at text not null, service_code text not null, reclaimed_at text not null,
  reclaimed_by text not null,
  primary key (terminal_id, receipt_number)
) without rowid;

create table succession_code (
  code_hash blob primary key, predecessor_id text not null, made_at text not null
) without rowid;
create table succession (
  terminal_id text primary key, predecessor_id text not null, first_sequence integer not null,
  previous_digest blob not null, bound_at text not null
) without rowid;
create index succession_of on succession (predecessor_id);
