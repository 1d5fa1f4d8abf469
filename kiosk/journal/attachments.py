"""Attachments: what is handed in with a case, sealed and kept in pieces until the platform holds it whole.

One is stored while the resident is still at the page, before its case is recorded; the case then names it by
digest inside its seal.  What belongs to no entry when its process has ended (a session that was left, a power
cut) is an orphan and is dropped.  It is sent after its entry was acknowledged, from wherever the last try got to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from kiosk.domain.attachment import MAX_ATTACHMENT_BYTES, Attachment, AttachmentSeal
from kiosk.errors import JournalError, JournalFault
from kiosk.journal import sealing
from kiosk.journal.database import Database
from kiosk.journal.process_identity import is_gone, new_owner
from kiosk.journal.settings import SettingKey, Settings

CHUNK_BYTES = 64 * 1024
_CHUNKS_EACH = 65_536
"""A piece's position is its attachment's id times this, plus its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAttachment:
    """One that the platform does not hold whole; its entry is acknowledged."""

    digest: bytes
    entry_id: UUID
    media_type: str
    size_bytes: int
    sent_bytes: int
    """Where the last try got to, as the platform said."""
    number: int
    """Ascending in the order in which they were handed in; for `Attachments.pending`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentSummary:
    """What still has to be sent, in numbers."""

    waiting: int
    waiting_bytes: int


_INSERT = "INSERT INTO attachment (digest, entry_id, media_type, size_bytes, owner, owner_boot) VALUES (?, ?, ?, ?, ?, ?)"
_PENDING = """
SELECT attachment.digest, attachment.entry_id, media_type, size_bytes, sent_bytes, id
FROM attachment INDEXED BY attachment_undelivered
     JOIN entry ON entry.entry_id = attachment.entry_id JOIN delivery USING (sequence)
WHERE token IS NULL AND content_kept = 1 AND delivery.state = 'acknowledged' AND id > ? ORDER BY id LIMIT ?
"""
_ORPHANS = """
SELECT id, entry_id, owner, owner_boot FROM attachment INDEXED BY attachment_undelivered
WHERE token IS NULL AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.entry_id = attachment.entry_id)
"""
_HOLDER = (
    "SELECT entry_id, EXISTS (SELECT 1 FROM entry WHERE entry.entry_id = attachment.entry_id) FROM attachment"
    " WHERE digest = ? AND content_kept = 1"
)
_WAITING = (
    "SELECT count(*), ifnull(sum(size_bytes - sent_bytes), 0) FROM attachment INDEXED BY attachment_undelivered"
    " WHERE token IS NULL"
)

_ASK_AGAIN = "UPDATE attachment SET token = NULL, sent_bytes = 0 WHERE token IS NOT NULL AND content_kept = 1"


class Attachments:
    """The `attachment` and `attachment_chunk` tables."""

    def __init__(
        self, database: Database, settings: Settings, boot: str, has_room: Callable[[int], bool]
    ) -> None:
        """`has_room` says whether so many bytes more leave what is kept for cases."""
        self._database, self._settings, self._boot, self._has_room = database, settings, boot, has_room
        self._owner = new_owner()

    def put(self, entry_id: UUID, media_type: str, content: bytes) -> Attachment:
        """Seal and keep something that will belong to the case `entry_id`, in one commit.

        Raises `JournalError`: NO_ROOM when what is left is kept for cases, NOT_ENROLLED, and the disk's own.
        """
        if not 0 < len(content) <= MAX_ATTACHMENT_BYTES:
            raise ValueError(f"an attachment has 1 to {MAX_ATTACHMENT_BYTES} bytes, not {len(content)}")
        enrolment = self._settings.enrolment()
        if enrolment is None:
            raise JournalError(JournalFault.NOT_ENROLLED)
        if not self._has_room(len(content)):
            raise JournalError(JournalFault.NO_ROOM, "attachments")
        seal = AttachmentSeal(terminal_number=enrolment.terminal_number, media_type=media_type)
        sealed = sealing.seal(content, seal, enrolment.sealing_key)
        attachment = Attachment(
            digest=hashlib.sha256(sealed).digest(), media_type=media_type, size_bytes=len(sealed)
        )
        with self._database.transaction():
            owner = (self._owner, self._boot)
            self._database.run(_INSERT, (attachment.digest, entry_id.bytes, media_type, len(sealed), *owner))
            first = self._id(attachment.digest) * _CHUNKS_EACH
            pieces = (
                (first + number, sealed[at : at + CHUNK_BYTES])
                for number, at in enumerate(range(0, len(sealed), CHUNK_BYTES))
            )
            self._database.run_many("INSERT INTO attachment_chunk VALUES (?, ?)", pieces)
        return attachment

    def drop_orphans(self, open_entry: UUID | None = None) -> int:
        """Drop what no recorded entry names: of processes that ended, and of this one but for `open_entry`.

        The face calls it at the end of each session; the sender may call it at any time, because the orphans of
        a face that lives are not its to judge.
        """
        keep = open_entry.bytes if open_entry is not None else None
        if not self._orphans(keep):
            return 0
        with self._database.transaction():
            orphans = self._orphans(keep)
            for one in orphans:
                self._drop_chunks_within(one)
                self._database.run("DELETE FROM attachment WHERE id = ?", (one,))
        return len(orphans)

    def pending(self, limit: int = 20, after: int = 0) -> list[PendingAttachment]:
        """What may be sent now, in the order it was handed in: only of entries that the platform holds.

        `after` is the number of the last one that was seen.
        """
        return [
            PendingAttachment(
                digest=row[0],
                entry_id=UUID(bytes=row[1]),
                media_type=row[2],
                size_bytes=row[3],
                sent_bytes=row[4],
                number=row[5],
            )
            for row in self._database.rows(_PENDING, (after, limit))
        ]

    def summary(self) -> AttachmentSummary:
        """How much waits; its cost is that of the queue, not of what was delivered."""
        row = self._database.row(_WAITING) or (0, 0)
        return AttachmentSummary(waiting=row[0], waiting_bytes=row[1])

    def read(self, digest: bytes, offset: int, length: int) -> bytes:
        """Sealed bytes from `offset`, at most `length`, fewer at the end. Raises KeyError when they are not here."""
        if offset < 0 or length < 0:
            raise ValueError("an offset and a length are not negative")
        first = self._id(digest) * _CHUNKS_EACH
        start, end = offset // CHUNK_BYTES, (offset + length - 1) // CHUNK_BYTES
        rows = self._database.rows(
            "SELECT content FROM attachment_chunk WHERE position BETWEEN ? AND ? ORDER BY position",
            (first + start, first + min(end, _CHUNKS_EACH - 1)),
        )
        skip = offset - start * CHUNK_BYTES
        return b"".join(row[0] for row in rows)[skip : skip + length]

    def note_sent(self, digest: bytes, offset: int) -> None:
        """The platform says that it holds the first `offset` bytes. Raises KeyError, ValueError beyond the end."""
        self._require_within(digest, offset)
        with self._database.transaction():
            self._database.run(
                "UPDATE attachment SET sent_bytes = ? WHERE digest = ? AND token IS NULL", (offset, digest)
            )

    def delivered(self, digest: bytes, token: bytes, epoch: str | None) -> bool:
        """The platform signed that it holds the whole; whether that was news. Raises KeyError.

        `epoch` is the one that the token was found to be of.  When the platform told of another one meanwhile, the
        token counts for nothing.
        """
        self._id(digest)
        with self._database.transaction():
            if self._settings.platform_epoch() != epoch:
                return False
            return bool(
                self._database.run(
                    "UPDATE attachment SET token = ?, sent_bytes = size_bytes WHERE digest = ? AND token IS NULL",
                    (token, digest),
                )
            )

    def claim(self, entry_id: UUID, named: Sequence[Attachment]) -> None:
        """The case that is about to be recorded as `entry_id` names these: see that they are here, and its own.

        They were put under the case's first identity, which need not be the one that it is recorded under
        (`Entries.record`).  Raises `JournalError(MISSING_ATTACHMENT)`.
        """
        foreign = []
        for one in named:
            row = self._database.row(_HOLDER, (one.digest,))
            if row is None:
                raise JournalError(JournalFault.MISSING_ATTACHMENT, one.digest.hex())
            if row[0] != entry_id.bytes and not row[1]:
                foreign.append((entry_id.bytes, one.digest))
        if foreign:
            with self._database.transaction():
                self._database.run_many("UPDATE attachment SET entry_id = ? WHERE digest = ?", foreign)

    def send_again_within(self, entry_id: bytes) -> None:
        """The platform lost the entry, so it has lost these too; inside a transaction that the caller holds."""
        self._database.run(
            "UPDATE attachment SET token = NULL, sent_bytes = 0 WHERE entry_id = ? AND content_kept = 1",
            (entry_id,),
        )

    def ask_again(self, epoch: str) -> int:
        """The platform has another memory now: whether it holds what it once signed for, it must say again.

        An entry's absence shows in the platform's chain, an attachment's in nothing.  How many are asked for.  The
        epoch is noted in the same commit, so that no word of the one before counts afterwards.
        """
        with self._database.transaction():
            self._settings.put_within(SettingKey.PLATFORM_EPOCH, epoch.encode("ascii"))
            return self._database.run(_ASK_AGAIN)

    def drop_delivered_within(self, entry_id: bytes) -> None:
        """Drop the bytes of an entry's attachments that the platform holds whole; inside the caller's transaction."""
        rows = self._database.rows(
            "SELECT id FROM attachment WHERE entry_id = ? AND token IS NOT NULL AND content_kept = 1",
            (entry_id,),
        )
        for (one,) in rows:
            self._database.run("UPDATE attachment SET content_kept = 0 WHERE id = ?", (one,))
            self._drop_chunks_within(one)

    def _orphans(self, keep: bytes | None) -> list[int]:
        return [
            row[0]
            for row in self._database.rows(_ORPHANS)
            if row[1] != keep and (row[2] == self._owner or row[3] != self._boot or is_gone(row[2]))
        ]

    def _drop_chunks_within(self, one: int) -> None:
        first = one * _CHUNKS_EACH
        self._database.run(
            "DELETE FROM attachment_chunk WHERE position BETWEEN ? AND ?", (first, first + _CHUNKS_EACH - 1)
        )

    def _id(self, digest: bytes) -> int:
        row = self._database.row("SELECT id FROM attachment WHERE digest = ? AND content_kept = 1", (digest,))
        if row is None:
            raise KeyError(digest.hex())
        return int(row[0])

    def _require_within(self, digest: bytes, offset: int) -> None:
        row = self._database.row("SELECT size_bytes FROM attachment WHERE digest = ?", (digest,))
        if row is None:
            raise KeyError(digest.hex())
        if not 0 <= offset <= row[0]:
            raise ValueError(f"{offset} is not within {row[0]} bytes")
