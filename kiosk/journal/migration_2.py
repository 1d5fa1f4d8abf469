"""Schema 2: attachments, daily audit roots, retention by the platform's clock, sending again, likeness.

The statements alone; `kiosk.journal.migrations` runs them as one numbered step. Released: add another step instead.
"""

DELIVERY = """
-- When the platform stored it, by the platform's clock; how often it had to be sent again after that; and
-- whether the sealed body is still here.
ALTER TABLE delivery ADD COLUMN stored_at TEXT;
ALTER TABLE delivery ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN body_kept INTEGER NOT NULL DEFAULT 1;
UPDATE delivery SET body_kept = 0
    WHERE state = 'acknowledged' AND (SELECT sealed IS NULL FROM entry WHERE sequence = delivery.sequence);
CREATE INDEX delivery_kept ON delivery (stored_at, sequence) WHERE state = 'acknowledged' AND body_kept = 1;

ALTER TABLE tally ADD COLUMN highest_acknowledged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tally ADD COLUMN likened INTEGER NOT NULL DEFAULT 0;  -- entries up to here have their likeness row
UPDATE tally SET
    highest_acknowledged = (SELECT ifnull(max(sequence), 0) FROM delivery WHERE state = 'acknowledged'),
    likened = (SELECT ifnull(max(sequence), 0) FROM entry);

DROP TRIGGER delivery_starts_counted;
CREATE TRIGGER delivery_starts_counted AFTER INSERT ON delivery WHEN NEW.state IN ('acknowledged', 'parked')
BEGIN
    UPDATE tally SET acknowledged = acknowledged + (NEW.state = 'acknowledged'),
                     parked = parked + (NEW.state = 'parked'),
                     highest_acknowledged =
                         max(highest_acknowledged, iif(NEW.state = 'acknowledged', NEW.sequence, 0));
END;
DROP TRIGGER delivery_stays_counted;
CREATE TRIGGER delivery_stays_counted AFTER UPDATE OF state ON delivery
WHEN (OLD.state IN ('acknowledged', 'parked') OR NEW.state IN ('acknowledged', 'parked'))
     AND OLD.state <> NEW.state
BEGIN
    UPDATE tally SET acknowledged = acknowledged + (NEW.state = 'acknowledged') - (OLD.state = 'acknowledged'),
                     parked = parked + (NEW.state = 'parked') - (OLD.state = 'parked'),
                     last_acknowledged_at =
                         iif(NEW.state = 'acknowledged', NEW.acknowledged_at, last_acknowledged_at),
                     highest_acknowledged =
                         max(highest_acknowledged, iif(NEW.state = 'acknowledged', NEW.sequence, 0));
END;
DROP TRIGGER delivery_acknowledged_is_final;
-- Final but for one thing: a platform that lost what it had stored gets it again, as long as the body is here,
-- and what it once signed stays beside it.
CREATE TRIGGER delivery_acknowledged_is_final BEFORE UPDATE ON delivery
WHEN OLD.sequence IS NOT NEW.sequence
     OR NEW.resent < OLD.resent
     OR OLD.state = 'acknowledged'
        AND (NEW.state, NEW.acknowledgement, NEW.acknowledged_at)
            IS NOT (OLD.state, OLD.acknowledgement, OLD.acknowledged_at)
        AND NOT (NEW.state = 'recorded' AND NEW.resent = OLD.resent + 1
                 AND (NEW.acknowledgement, NEW.acknowledged_at) IS (OLD.acknowledgement, OLD.acknowledged_at)
                 AND (SELECT sealed IS NOT NULL FROM entry WHERE sequence = OLD.sequence))
BEGIN SELECT RAISE(ABORT, 'what the platform acknowledged stays acknowledged'); END;
"""

LIKENESS = """
-- A keyed hash of service and person, for the question "was this handed in already?". It goes with the body.
ALTER TABLE entry ADD COLUMN likeness BLOB;
CREATE TRIGGER entry_likeness_goes_with_the_body BEFORE UPDATE ON entry
WHEN OLD.likeness IS NOT NEW.likeness AND (NEW.likeness IS NOT NULL OR NEW.sealed IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'a likeness never changes'); END;

-- Written for entries above tally.likened with the next change of any print job or audit line, so that
-- recording a case touches no page of it.
CREATE TABLE likeness (
    likeness BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (likeness, sequence)
) STRICT, WITHOUT ROWID;
"""

ATTACHMENT = """
-- What is handed in with a case. It is stored before the case is recorded, so a row may have no entry yet:
-- then `owner` tells which process of which boot put it there, and when that one is gone the row goes too.
CREATE TABLE attachment (
    id           INTEGER PRIMARY KEY,
    digest       BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    entry_id     BLOB NOT NULL CHECK (length(entry_id) = 16),
    media_type   TEXT NOT NULL,
    size_bytes   INTEGER NOT NULL CHECK (size_bytes > 0),
    owner        TEXT NOT NULL,
    owner_boot   TEXT NOT NULL,
    sent_bytes   INTEGER NOT NULL DEFAULT 0 CHECK (sent_bytes BETWEEN 0 AND size_bytes),
    token        BLOB,
    content_kept INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX attachment_of_entry ON attachment (entry_id);
CREATE INDEX attachment_undelivered ON attachment (id) WHERE token IS NULL;

-- position = attachment's id * 65536 + number of the piece, each but the last of 64 KiB.
CREATE TABLE attachment_chunk (
    position INTEGER PRIMARY KEY,
    content  BLOB NOT NULL
) STRICT;

CREATE TRIGGER attachment_never_changes BEFORE UPDATE ON attachment
WHEN (OLD.id, OLD.digest, OLD.media_type, OLD.size_bytes) IS NOT (NEW.id, NEW.digest, NEW.media_type, NEW.size_bytes)
     OR OLD.entry_id IS NOT NEW.entry_id AND EXISTS (SELECT 1 FROM entry WHERE entry_id = OLD.entry_id)
     OR NEW.content_kept = 0 AND NEW.token IS NULL
BEGIN SELECT RAISE(ABORT, 'an attachment never changes'); END;
CREATE TRIGGER attachment_of_an_entry_is_never_deleted BEFORE DELETE ON attachment
WHEN EXISTS (SELECT 1 FROM entry WHERE entry_id = OLD.entry_id)
BEGIN SELECT RAISE(ABORT, 'an attachment of an entry is never deleted'); END;
CREATE TRIGGER attachment_chunk_never_changes BEFORE UPDATE ON attachment_chunk
BEGIN SELECT RAISE(ABORT, 'a piece of an attachment never changes'); END;
CREATE TRIGGER attachment_chunk_stays_until_delivered BEFORE DELETE ON attachment_chunk
WHEN EXISTS (SELECT 1 FROM attachment JOIN entry USING (entry_id)
             WHERE attachment.id = OLD.position / 65536 AND attachment.content_kept = 1)
BEGIN SELECT RAISE(ABORT, 'a piece of an attachment stays until the platform has it'); END;
"""

AUDIT_ROOT = """
-- Where the audit chain stood at the end of a day, signed by the terminal's key, so that nobody can write the
-- log anew afterwards; `confirmed` once the platform holds it.
CREATE TABLE audit_root (
    day       TEXT PRIMARY KEY,
    position  INTEGER NOT NULL,
    digest    BLOB NOT NULL CHECK (length(digest) = 32),
    signature BLOB NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_root_unconfirmed ON audit_root (day) WHERE confirmed = 0;
CREATE TRIGGER audit_root_never_changes BEFORE UPDATE ON audit_root
WHEN (OLD.day, OLD.position, OLD.digest, OLD.signature) IS NOT (NEW.day, NEW.position, NEW.digest, NEW.signature)
     OR NEW.confirmed < OLD.confirmed
BEGIN SELECT RAISE(ABORT, 'an audit root never changes'); END;
CREATE TRIGGER audit_root_is_never_deleted BEFORE DELETE ON audit_root
BEGIN SELECT RAISE(ABORT, 'an audit root is never deleted'); END;
"""
