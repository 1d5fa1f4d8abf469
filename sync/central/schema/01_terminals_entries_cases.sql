-- Terminals, their entries and cases, and what the platform says to them.

create table platform (name text primary key, value text not null) without rowid;

create table enrolment_code (
  code_hash blob primary key, created_at text not null, expires_at text not null,
  used_by blob, used_at text
) without rowid;
create table enrolment_failure (at text not null);

create table terminal (
  terminal_id text primary key, terminal_number text not null unique, region_code text not null,
  public_key blob not null unique, enrolled_at text not null, version text not null default '',
  high_water integer not null default 0, last_heard_at text, clock_offset_s real, heartbeat text
) without rowid;

create table entry (
  terminal_id text not null references terminal, entry_id blob not null, sequence integer not null,
  kind text not null, service_code text not null, pack_version text not null, receipt_number text not null,
  recorded_at text not null, boot_id text not null, monotonic_ms integer not null,
  sealed blob not null, previous_digest blob not null, digest blob not null,
  result text not null, reason text not null, stored_at text not null, times_received integer not null default 1,
  primary key (terminal_id, entry_id)
) without rowid;
create index entry_by_sequence on entry (terminal_id, sequence);
create index entry_by_receipt on entry (terminal_id, receipt_number);

create table conflicting_entry (
  terminal_id text not null, entry_id blob not null, digest blob not null, body blob not null,
  received_at text not null, primary key (terminal_id, entry_id, digest)
) without rowid;

create table chain_note (
  terminal_id text not null, number integer not null, kind text not null, first_sequence integer not null,
  last_sequence integer not null, noticed_at text not null, closed_at text,
  primary key (terminal_id, number)
) without rowid;

create table case_record (
  terminal_id text not null, receipt_number text not null, entry_id blob not null, service_code text not null,
  state text not null, content text not null, primary key (terminal_id, receipt_number)
) without rowid;
create table case_history (
  terminal_id text not null, receipt_number text not null, number integer not null, state text not null,
  at text not null, primary key (terminal_id, receipt_number, number)
) without rowid;

create table inbox (
  terminal_id text not null, number integer not null, kind text not null, entry_id blob not null,
  receipt_number text not null, state text not null, at text not null, primary key (terminal_id, number)
) without rowid;

create table seen_nonce (
  terminal_id text not null, number integer not null, nonce text not null,
  primary key (terminal_id, number)
) without rowid;
create unique index seen_nonce_once on seen_nonce (terminal_id, nonce);
