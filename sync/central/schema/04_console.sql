-- The operators' console: accounts, sessions, what operators did, where terminals stand, and what residents said.

create table operator_account (
  name text primary key, role text not null, password_hash text not null, second_factor blob not null,
  last_step integer not null default 0, must_change integer not null default 1, created_at text not null,
  created_by text not null, removed_at text
) without rowid;
create table operator_failure (
  name text primary key, tries integer not null, locked_until text not null, last_at text not null
) without rowid;
create table operator_session (
  token_hash blob primary key, operator text not null, started_at text not null, seen_at text not null,
  ends_at text not null
) without rowid;
create index operator_session_by_name on operator_session (operator);

create table operator_act (
  number integer primary key, at text not null, operator text not null, act text not null, subject text not null,
  detail text not null, digest text not null
) without rowid;
create table operator_act_head (one integer primary key, number integer not null, digest text not null) without rowid;
insert into operator_act_head values (1, 0, '');

create table case_word (
  terminal_id text not null, receipt_number text not null, number integer not null, state text not null,
  words text not null, operator text not null, at text not null,
  primary key (terminal_id, receipt_number, number)
) without rowid;

create table terminal_place (
  terminal_id text primary key, place text not null, operator text not null, at text not null
) without rowid;
create index enrolment_code_used on enrolment_code (used_by) where used_by is not null;
create table enrolment_label (
  code_hash blob primary key, label text not null, operator text not null, made_at text not null
) without rowid;

create table rating (
  terminal_id text not null, entry_id blob not null, service_code text not null, score integer not null,
  reasons text not null, at text not null, primary key (terminal_id, entry_id)
) without rowid;
create index rating_by_time on rating (at);
create table ticket (
  terminal_id text not null, entry_id blob not null, receipt_number text not null, service_code text not null,
  obstacle text not null, state text not null, at text not null, primary key (terminal_id, entry_id)
) without rowid;
create index ticket_by_time on ticket (at);

create index entry_by_day on entry (stored_at);
