"""Every step from an empty file to the current schema. Never change a step that was released: add one.

Kept apart from `kiosk.journal.schema` so that a terminal whose file is current never imports it.
"""

from __future__ import annotations

import os
from typing import Any

from sqlite_utils.db import Database
from sqlite_utils.migrations import Migrations

from kiosk.journal import migration_2

_steps = Migrations("linban_journal")


def apply(connection: Any, version: int) -> None:
    """Run every step that this file has not seen and note `version`; the caller holds the transaction."""
    # Plug-ins are other people's code on a connection that holds the terminal's promises.
    _steps.apply(Database(connection, execute_plugins=False))
    connection.execute(f"PRAGMA user_version = {version}")


_ENTRY = """
-- What was promised. Append-only: nothing here changes, except that the sealed body of an entry that the
-- platform holds may be dropped.  The body stands last so that reading the rest skips its pages.
CREATE TABLE entry (
    sequence        INTEGER PRIMARY KEY CHECK (sequence > 0),
    entry_id        BLOB NOT NULL UNIQUE CHECK (length(entry_id) = 16),
    receipt_number  TEXT NOT NULL UNIQUE,
    terminal_number TEXT NOT NULL,
    kind            TEXT NOT NULL,
    service_code    TEXT NOT NULL,
    pack_version    TEXT NOT NULL,
    recorded_at     TEXT NOT NULL,
    boot_id         TEXT NOT NULL,
    monotonic_ms    INTEGER NOT NULL,
    previous_digest BLOB NOT NULL CHECK (length(previous_digest) = 32),
    digest          BLOB NOT NULL CHECK (length(digest) = 32),
    sealed          BLOB
) STRICT;

-- Where the chain is known to be broken: entries that a salvage from a damaged file could not read.
CREATE TABLE chain_break (
    sequence        INTEGER PRIMARY KEY,
    previous_digest BLOB NOT NULL,
    missing         INTEGER NOT NULL
) STRICT;

CREATE TRIGGER entry_follows_its_predecessor BEFORE INSERT ON entry
WHEN (NEW.sequence IS NOT (SELECT ifnull(max(sequence), 0) + 1 FROM entry)
      OR NEW.previous_digest IS NOT
         ifnull((SELECT digest FROM entry ORDER BY sequence DESC LIMIT 1), zeroblob(32)))
     AND NOT (NEW.sequence > (SELECT ifnull(max(sequence), 0) FROM entry)
              AND EXISTS (SELECT 1 FROM chain_break AS b WHERE b.sequence = NEW.sequence
                          AND b.previous_digest = NEW.previous_digest))
BEGIN SELECT RAISE(ABORT, 'an entry must follow its predecessor'); END;

CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry
WHEN (OLD.sequence, OLD.entry_id, OLD.receipt_number, OLD.terminal_number, OLD.kind, OLD.service_code,
      OLD.pack_version, OLD.recorded_at, OLD.boot_id, OLD.monotonic_ms, OLD.previous_digest, OLD.digest)
  IS NOT
     (NEW.sequence, NEW.entry_id, NEW.receipt_number, NEW.terminal_number, NEW.kind, NEW.service_code,
      NEW.pack_version, NEW.recorded_at, NEW.boot_id, NEW.monotonic_ms, NEW.previous_digest, NEW.digest)
BEGIN SELECT RAISE(ABORT, 'an entry never changes'); END;

CREATE TRIGGER entry_body_stays_until_acknowledged BEFORE UPDATE ON entry
WHEN OLD.sealed IS NOT NEW.sealed
     AND (NEW.sealed IS NOT NULL
          OR (SELECT state FROM delivery WHERE sequence = OLD.sequence) IS NOT 'acknowledged')
BEGIN SELECT RAISE(ABORT, 'the body of an unsent entry stays'); END;

CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'an entry is never deleted'); END;
"""

_DELIVERY = """
-- Where each entry that was ever handed to a sender stands. An entry above the highest sequence here was
-- never tried: recording one needs no row in this table, and the fresh ones are found without an index.
-- `due` is when a waiting row may be tried again or a lease ends, in milliseconds of this boot's monotonic
-- clock; a row of another boot is due at once.
CREATE TABLE delivery (
    sequence        INTEGER PRIMARY KEY REFERENCES entry (sequence),
    state           TEXT NOT NULL CHECK (state IN ('recorded', 'leased', 'acknowledged', 'parked')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    due_ms          INTEGER NOT NULL DEFAULT 0,
    due_boot        TEXT NOT NULL DEFAULT '',
    lease_owner     TEXT,
    park_reason     TEXT,
    park_detail     TEXT NOT NULL DEFAULT '',
    platform_state  TEXT NOT NULL DEFAULT 'unknown',
    acknowledged_at TEXT,
    acknowledgement BLOB,
    CHECK (state <> 'acknowledged' OR acknowledgement IS NOT NULL),
    CHECK (state <> 'parked' OR park_reason IS NOT NULL),
    CHECK (state <> 'leased' OR lease_owner IS NOT NULL)
) STRICT;

-- Partial indexes over what is not delivered: their size is the size of the queue, so the cost of a
-- lease does not grow with the number of entries kept.
CREATE INDEX delivery_waiting ON delivery (sequence, due_ms, due_boot) WHERE state = 'recorded';
CREATE INDEX delivery_leased ON delivery (sequence, due_ms, due_boot) WHERE state = 'leased';
CREATE INDEX delivery_parked ON delivery (sequence) WHERE state = 'parked';

-- Counters that triggers keep, because counting a million rows is not free. One row.
-- What is neither acknowledged nor parked nor leased is waiting, so record() need not write here.
CREATE TABLE tally (
    id                   INTEGER PRIMARY KEY CHECK (id = 1),
    missing              INTEGER NOT NULL DEFAULT 0,
    acknowledged         INTEGER NOT NULL DEFAULT 0,
    parked               INTEGER NOT NULL DEFAULT 0,
    told                 INTEGER NOT NULL DEFAULT 0,  -- entries up to this sequence have their audit line
    last_acknowledged_at TEXT
) STRICT;
INSERT INTO tally (id) VALUES (1);

CREATE TRIGGER tally_told_only_grows BEFORE UPDATE OF told ON tally
WHEN NEW.told < OLD.told OR NEW.told > (SELECT ifnull(max(sequence), 0) FROM entry)
BEGIN SELECT RAISE(ABORT, 'what the audit log has told is not taken back'); END;

CREATE TRIGGER chain_break_counts AFTER INSERT ON chain_break
BEGIN UPDATE tally SET missing = missing + NEW.missing; END;
CREATE TRIGGER chain_break_never_changes BEFORE UPDATE ON chain_break
BEGIN SELECT RAISE(ABORT, 'a chain break never changes'); END;
CREATE TRIGGER chain_break_is_never_deleted BEFORE DELETE ON chain_break
BEGIN SELECT RAISE(ABORT, 'a chain break is never deleted'); END;

CREATE TRIGGER delivery_starts_counted AFTER INSERT ON delivery WHEN NEW.state IN ('acknowledged', 'parked')
BEGIN
    UPDATE tally SET acknowledged = acknowledged + (NEW.state = 'acknowledged'),
                     parked = parked + (NEW.state = 'parked');
END;
CREATE TRIGGER delivery_stays_counted AFTER UPDATE OF state ON delivery
WHEN (OLD.state IN ('acknowledged', 'parked') OR NEW.state IN ('acknowledged', 'parked'))
     AND OLD.state <> NEW.state
BEGIN
    UPDATE tally SET acknowledged = acknowledged + (NEW.state = 'acknowledged'),
                     parked = parked + (NEW.state = 'parked') - (OLD.state = 'parked'),
                     last_acknowledged_at = ifnull(NEW.acknowledged_at, last_acknowledged_at);
END;
CREATE TRIGGER delivery_acknowledged_is_final BEFORE UPDATE ON delivery
WHEN OLD.sequence IS NOT NEW.sequence
     OR OLD.state = 'acknowledged' AND (NEW.state, NEW.acknowledgement, NEW.acknowledged_at)
        IS NOT (OLD.state, OLD.acknowledgement, OLD.acknowledged_at)
BEGIN SELECT RAISE(ABORT, 'what the platform acknowledged stays acknowledged'); END;
CREATE TRIGGER delivery_is_never_deleted BEFORE DELETE ON delivery
BEGIN SELECT RAISE(ABORT, 'a delivery is never deleted'); END;
"""

_PAPER_AND_AUDIT = """
-- Every entry has its slip queued from the moment it is recorded; an entry above the highest one here has it
-- without a row, until a job changes for the first time.
-- id = entry's sequence * 100 + ordinal: the jobs of one entry lie side by side without a second index;
-- and those that are still open lie together at the front, without a third.
CREATE TABLE print_job (
    closed      INTEGER NOT NULL DEFAULT 0,
    id          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'printing', 'printed', 'taken', 'failed', 'unknown')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    fault       TEXT NOT NULL DEFAULT 'none',
    changed_at  TEXT NOT NULL,
    PRIMARY KEY (closed, id),
    CHECK (closed = (state IN ('printed', 'taken')))
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
    position        INTEGER PRIMARY KEY,
    message_id      TEXT NOT NULL UNIQUE,
    receipt_number  TEXT NOT NULL,
    platform_state  TEXT,
    said_at         TEXT NOT NULL,
    words           TEXT NOT NULL DEFAULT '',
    stored_at       TEXT NOT NULL
) STRICT;
CREATE INDEX inbox_by_receipt ON inbox (receipt_number, position);

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened on this terminal; nothing about a person. Chained like the entries.
-- The lines of entries above tally.told are written just before the next line of another kind.
CREATE TABLE audit (
    position        INTEGER PRIMARY KEY CHECK (position > 0),
    happened_at     TEXT NOT NULL,
    boot_id         TEXT NOT NULL,
    monotonic_ms    INTEGER NOT NULL,
    event           TEXT NOT NULL,
    subject         TEXT NOT NULL,
    detail          TEXT NOT NULL,
    previous_digest BLOB NOT NULL CHECK (length(previous_digest) = 32),
    digest          BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;
CREATE TRIGGER audit_follows_its_predecessor BEFORE INSERT ON audit
WHEN NEW.position IS NOT (SELECT ifnull(max(position), 0) + 1 FROM audit)
     OR NEW.previous_digest IS NOT
        ifnull((SELECT digest FROM audit ORDER BY position DESC LIMIT 1), zeroblob(32))
BEGIN SELECT RAISE(ABORT, 'an audit event must follow its predecessor'); END;
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit event never changes'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit event is never deleted'); END;
"""


@_steps(name="0001_first")
def _first(database: Database) -> None:
    """The schema of the first release."""
    for script in (_ENTRY, _DELIVERY, _PAPER_AND_AUDIT):
        for statement in _statements(script):
            database.conn.execute(statement)


@_steps(name="0002_complete")
def _second(database: Database) -> None:
    """Attachments, audit roots, retention, sending again, likeness."""
    scripts = (migration_2.DELIVERY, migration_2.LIKENESS, migration_2.ATTACHMENT, migration_2.AUDIT_ROOT)
    for statement in (one for script in scripts for one in _statements(script)):
        database.conn.execute(statement)
    database.conn.execute("INSERT INTO setting VALUES ('likeness_key', ?)", (os.urandom(32),))


def _statements(script: str) -> list[str]:
    """The statements of `script`; executescript() would commit the caller's transaction."""
    from sqlite3 import complete_statement

    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if complete_statement(current):
            statements.append(current)
            current = ""
    return statements
