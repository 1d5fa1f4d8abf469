"""The platform's SQLite file: opened durably, its tables keyed by terminal.

sqlcipher3 without a key is plain SQLite, but a recent one (3.51.3 or later): the interpreter's own is, on
the distributions we run on, of the versions that can lose an acknowledged commit when two connections
write and checkpoint in WAL at once.  Every table begins its key with the terminal, so that a sharding
database can later spread them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

_SAFE_SQLITE = (3, 51, 3)
_SCHEMA_VERSION = 2

_SCHEMA = """
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
"""

_IDENTITY_CODES = """
create table identity_code (
  code_hash blob primary key, form text not null, person text not null, expires_at text not null,
  used_by text, used_at text
) without rowid;
"""
"""Since schema 2."""


class UnusableDatabase(Exception):
    """The file cannot serve as the platform's memory; the message says why."""


def open_database(file: Path | str) -> Any:
    """A connection in WAL with synchronous=FULL, in autocommit mode, its schema in place."""
    if dbapi2.sqlite_version_info < _SAFE_SQLITE:
        raise UnusableDatabase(
            f"SQLite {dbapi2.sqlite_version} can lose acknowledged commits; 3.51.3 is needed"
        )
    connection = dbapi2.connect(str(file), isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("pragma foreign_keys = on")
    # Fetched and compared: an ignored answer would leave the file silently in another mode.
    mode = connection.execute("pragma journal_mode = wal").fetchone()[0]
    connection.execute("pragma synchronous = full")
    synchronous = connection.execute("pragma synchronous").fetchone()[0]
    if (mode, synchronous) != ("wal", 2):
        raise UnusableDatabase(f"the file system grants {mode}/{synchronous} instead of WAL with FULL")
    version = connection.execute("pragma user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        raise UnusableDatabase(f"written by a later version (schema {version})")
    if version == 0:
        connection.executescript(
            f"begin immediate; {_SCHEMA} {_IDENTITY_CODES}; pragma user_version = {_SCHEMA_VERSION}; commit;"
        )
    elif version == 1:
        connection.executescript(
            f"begin immediate; {_IDENTITY_CODES}; pragma user_version = {_SCHEMA_VERSION}; commit;"
        )
    return connection
