"""A journal with a million entries in it, in a minute: the same schema and triggers, the rows made by the database.

Digests are made up (the entry's number, printed) and follow one another as the trigger demands; bodies are random
bytes of a case's usual size.  What a terminal has done by then is done: slips taken, audit lines told.
"""

# ruff: noqa: S608  (statements are put together from constants of this module, values are always bound)

from __future__ import annotations

from kiosk.journal.journal import Journal

SEALED_BYTES = 520
_COMMIT_ROWS = 50_000
_ENTRIES = f"""
WITH RECURSIVE number (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM number WHERE n < ?2)
INSERT INTO entry (sequence, entry_id, receipt_number, terminal_number, kind, service_code, pack_version,
                   recorded_at, boot_id, monotonic_ms, previous_digest, digest, sealed)
SELECT n, unhex(printf('0193%08x700080', n) || hex(randomblob(7))), printf('370508%010d', n), '370508', 'case',
       'pension-certification', '1.0.0', '2026-11-22T02:00:00.000Z', '00000000-0000-4000-8000-000000000000', n,
       iif(n = 1, zeroblob(32), CAST(printf('%032d', n - 1) AS BLOB)), CAST(printf('%032d', n) AS BLOB),
       randomblob({SEALED_BYTES})
FROM number
"""
_PAPER_IS_TAKEN = """
INSERT INTO print_job (closed, id, kind, state, attempts, changed_at)
SELECT 1, sequence * 100, 'slip', 'taken', 1, recorded_at FROM entry WHERE sequence BETWEEN ? AND ?
"""
_DELIVERED = """
INSERT INTO delivery (sequence, state, attempts, platform_state, acknowledged_at, acknowledgement)
SELECT sequence, 'acknowledged', 1, 'received', recorded_at, zeroblob(200) FROM entry WHERE sequence BETWEEN ? AND ?
"""
_TOLD = "UPDATE tally SET (told, likened) = (SELECT max(sequence), max(sequence) FROM entry)"


def fill(journal: Journal, rows: int, delivered: bool) -> None:
    """Put `rows` entries into an empty journal, all of them pending or all of them delivered."""
    database = journal._database
    connection = database.connection
    connection.execute("PRAGMA synchronous = OFF")
    for first in range(1, rows + 1, _COMMIT_ROWS):
        last = min(first + _COMMIT_ROWS - 1, rows)
        with database.transaction():
            database.run(_ENTRIES, (first, last))
            database.run(_PAPER_IS_TAKEN, (first, last))
            if delivered:
                database.run(_DELIVERED, (first, last))
            database.run(_TOLD)
    connection.execute("PRAGMA synchronous = FULL")
    # What stands in the log is folded in and on the disk before anything is measured.
    database.row("PRAGMA wal_checkpoint(TRUNCATE)")
