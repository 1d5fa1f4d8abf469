"""What still has to reach the platform, read without taking it from the sender: for export on a stick."""

# ruff: noqa: S608  (statements are put together from constants of this package, values are always bound)

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kiosk.domain.entry import RecordedEntry
from kiosk.journal.database import Database
from kiosk.journal.entries import ENTRY_COLUMNS, entry_of
from kiosk.journal.queue_view import HIGHEST_TRIED


@dataclass(frozen=True, slots=True)
class UnsentSize:
    """How much waits."""

    entries: int
    sealed_bytes: int


_SEQUENCES = (
    "SELECT sequence FROM delivery INDEXED BY delivery_waiting WHERE state = 'recorded' AND sequence > ?1"
    " UNION ALL SELECT sequence FROM delivery INDEXED BY delivery_leased WHERE state = 'leased' AND sequence > ?1"
    f" UNION ALL SELECT sequence FROM entry WHERE sequence > max({HIGHEST_TRIED}, ?1)"
)
_CHUNK = (
    f"SELECT {ENTRY_COLUMNS} FROM entry WHERE sealed IS NOT NULL AND entry.sequence IN"
    f" (SELECT sequence FROM ({_SEQUENCES}) ORDER BY sequence LIMIT ?2) ORDER BY entry.sequence"
)
_SIZE = (
    "SELECT count(*), ifnull(sum(length(sealed)), 0) FROM entry"
    f" WHERE sealed IS NOT NULL AND sequence IN ({_SEQUENCES})"
)
_STRETCH = f"SELECT {ENTRY_COLUMNS} FROM entry WHERE entry.sequence BETWEEN ? AND ? ORDER BY entry.sequence"


@dataclass(frozen=True, slots=True)
class UnsentAttachment:
    """Something handed in that the platform does not hold, whether or not it holds the entry."""

    number: int
    """Ascending in the order in which they were handed in; for `Unsent.attachments`."""
    digest: bytes
    entry_id: UUID
    media_type: str
    size_bytes: int


_ATTACHMENTS = (
    "SELECT id, attachment.digest, attachment.entry_id, media_type, size_bytes FROM attachment INDEXED BY attachment_undelivered"
    " JOIN entry ON entry.entry_id = attachment.entry_id"
    " WHERE token IS NULL AND content_kept = 1 AND id > ? ORDER BY id LIMIT ?"
)
_ATTACHED_BYTES = (
    "SELECT ifnull(sum(size_bytes), 0) FROM attachment INDEXED BY attachment_undelivered WHERE token IS NULL"
)


class Unsent:
    """Entries that are neither acknowledged nor set aside. Nothing here writes, and a lease hides nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def size(self) -> UnsentSize:
        """How much waits; looks at each entry's length, not at its body."""
        row = self._database.row(_SIZE, (0,))
        return UnsentSize(int(row[0]), int(row[1])) if row else UnsentSize(0, 0)

    def chunk(self, after: int, limit: int, max_bytes: int) -> list[RecordedEntry]:
        """The next entries above sequence `after`, in order; at least one when there is one."""
        chunk: list[RecordedEntry] = []
        size = 0
        for row in self._database.stream(_CHUNK, (after, limit)):
            entry = entry_of(row)
            size += len(entry.sealed)
            if chunk and size > max_bytes:
                break
            chunk.append(entry)
        return chunk

    def attachments(self, after: int, limit: int) -> list[UnsentAttachment]:
        """The next attachments of recorded entries, above number `after`."""
        rows = self._database.rows(_ATTACHMENTS, (after, limit))
        return [UnsentAttachment(row[0], row[1], UUID(bytes=row[2]), row[3], row[4]) for row in rows]

    def attached_bytes(self) -> int:
        """How much waits beside the entries."""
        row = self._database.row(_ATTACHED_BYTES)
        return int(row[0]) if row else 0

    def waits(self, first: int, last: int) -> bool:
        """Whether any entry of the stretch still waits."""
        row = self._database.row(
            f"SELECT 1 FROM ({_SEQUENCES}) WHERE sequence <= ?2 LIMIT 1", (first - 1, last)
        )
        return row is not None

    def stretch(self, first: int, last: int) -> list[RecordedEntry]:
        """The entries of the stretch, sent or not; of one whose body was dropped, the rest."""
        return [entry_of(row) for row in self._database.rows(_STRETCH, (first, last))]
