-- What heartbeats tell, what is still to be opened, what is passed on, and which memory this is.

alter table terminal add column standing text not null default 'ok';
alter table terminal add column standing_since text;
alter table terminal add column epoch_seen text not null default '';
alter table chain_note add column missing_from integer;

create table epoch (
  number integer primary key, name text not null unique, begun_at text not null, reason text not null
);

create table heartbeat (
  terminal_id text primary key, at text not null, version text not null, pending integer not null,
  parked integer not null, oldest_unsent_s real, disk_free_bytes integer, days_left real, uptime_s real not null,
  boot_id text not null, earlier_boot_id text not null default '', tail_sequence integer not null,
  tail_digest blob not null, acknowledged_sequence integer not null, clock_offset_s real,
  clock_trusted integer not null, faults text not null, catalogue text not null,
  suspect_sequence integer not null default 0
) without rowid;
create table heartbeat_history (
  terminal_id text not null, number integer not null, at text not null, pending integer not null,
  parked integer not null, oldest_unsent_s real, disk_free_bytes integer, clock_offset_s real,
  primary key (terminal_id, number)
) without rowid;
create table device_report (
  terminal_id text not null, device text not null, state text not null, paper text not null,
  detail text not null, since text not null, primary key (terminal_id, device)
) without rowid;

create table audit_root (
  terminal_id text not null, day text not null, position integer not null, digest blob not null,
  signature blob not null, stored_at text not null, primary key (terminal_id, day)
) without rowid;
create table alarm (
  terminal_id text not null, number integer not null, kind text not null, detail text not null,
  noticed_at text not null, closed_at text, primary key (terminal_id, number)
) without rowid;

create table opening (
  terminal_id text not null, entry_id blob not null, primary key (terminal_id, entry_id)
) without rowid;
create index entry_quarantined on entry (terminal_id, stored_at) where result = 'quarantined';

create table forwarding (
  terminal_id text not null, receipt_number text not null, entry_id blob not null, accepted_at text not null,
  tries integer not null default 0, due_at text not null, failure text not null default '',
  delivered_at text, dead_at text, primary key (terminal_id, receipt_number)
) without rowid;
create index forwarding_due on forwarding (due_at) where delivered_at is null and dead_at is null;
