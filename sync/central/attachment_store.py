"""Attachments as the platform keeps them: in pieces, each durable before it is acknowledged, checked as a whole.

How far an upload has got is a column that moves in the same transaction that stores the piece, so after a crash
the offset that was told is the offset that is there.  At no time is more than one piece in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from kiosk.domain.attachment import MAX_ATTACHMENT_BYTES
from kiosk.domain.entry import iso_utc
from sync.central.store import Store

MAX_SIZE_BYTES = MAX_ATTACHMENT_BYTES + 4096
"""Sealed: the seal adds a few bytes."""
MAX_PER_ENTRY = 32
MAX_UNFINISHED_BYTES = 8 * MAX_SIZE_BYTES
"""Of one terminal, by the size that was announced: an honest one sends one after the other, a broken one that begins
thousands must not take the disk from all the others."""
_FORGOTTEN = timedelta(days=7)
"""What was begun so long ago gives way to what is begun now; whoever still has it begins again."""


class UploadRefused(Exception):
    """An upload that cannot go on; `status` and `word` as they are answered."""

    def __init__(self, status: int, word: str) -> None:
        self.status, self.word = status, word
        super().__init__(word)


@dataclass(frozen=True, slots=True)
class Upload:
    """How far one attachment has got."""

    digest: bytes
    entry_id: UUID
    media_type: str
    size_bytes: int
    received_bytes: int
    stored_at: str | None
    """When the whole was there and fitted its digest; None before."""
    epoch: str = ""
    """Of the memory in which it was found."""


_COLUMNS = (
    "digest, entry_id, media_type, size_bytes, received_bytes, stored_at,"
    " (select value from platform where name = 'epoch')"
)
"""The epoch is read with the rest: a word on what is here must never be signed for another memory than this."""


class AttachmentStore:
    """The `attachment` and `attachment_piece` tables."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, terminal_id: str, wanted: Upload) -> Upload:
        """Make room for `wanted`, or find it.

        Raises `UploadRefused` when its entry is not stored here, and when too much of this terminal is begun already.
        """
        if not 0 < wanted.size_bytes <= MAX_SIZE_BYTES:
            raise UploadRefused(413, "too-large")
        with self._store.transaction(terminal_id) as run:
            known = _find(run, terminal_id, wanted.digest)
            if known is not None:
                if (known.entry_id, known.size_bytes) != (wanted.entry_id, wanted.size_bytes):
                    raise UploadRefused(409, "conflict")
                return known
            entry = run.execute(
                "select result from entry where terminal_id = ? and entry_id = ?",
                (terminal_id, wanted.entry_id.bytes),
            ).fetchone()
            if entry is None or entry[0] != "stored":
                raise UploadRefused(404, "unknown-entry")
            count = "select count(*) from attachment where terminal_id = ? and entry_id = ?"
            found = run.execute(count, (terminal_id, wanted.entry_id.bytes)).fetchone()
            if found is not None and found[0] >= MAX_PER_ENTRY:
                raise UploadRefused(409, "too-many-attachments")
            self._require_room(run, terminal_id, wanted.size_bytes)
            run.execute(
                "insert into attachment (terminal_id, digest, entry_id, media_type, size_bytes, created_at)"
                " values (?, ?, ?, ?, ?, ?) on conflict (terminal_id, digest) do nothing",
                (
                    terminal_id,
                    wanted.digest,
                    wanted.entry_id.bytes,
                    wanted.media_type,
                    wanted.size_bytes,
                    self._store.now(),
                ),
            )
        return wanted

    def find(self, terminal_id: str, digest: bytes) -> Upload | None:
        """How far this one has got; None when nothing is known of it."""
        with self._store.reading() as run:
            return _find(run, terminal_id, digest)

    def _require_room(self, run: Any, terminal_id: str, more_bytes: int) -> None:
        """Let go of what was begun long ago, should it be in the way, and refuse when that is not enough."""
        rows = run.execute(
            "select digest, size_bytes, created_at from attachment where terminal_id = ? and stored_at is null"
            " order by created_at, digest",
            (terminal_id,),
        ).fetchall()
        taken, long_ago = sum(row[1] for row in rows), iso_utc(self._store.clock.now() - _FORGOTTEN)
        for digest, size_bytes, created_at in rows:
            if taken + more_bytes <= MAX_UNFINISHED_BYTES or created_at >= long_ago:
                break
            for table in ("attachment_piece", "attachment"):
                run.execute(
                    f"delete from {table} where terminal_id = ? and digest = ?",  # noqa: S608 — our own words
                    (terminal_id, bytes(digest)),
                )
            taken -= size_bytes
        if taken + more_bytes > MAX_UNFINISHED_BYTES:
            raise UploadRefused(409, "too-much-unfinished")

    def append(self, terminal_id: str, digest: bytes, offset: int, piece: bytes) -> Upload:
        """Store the piece that begins at `offset`; what there is afterwards.

        Raises `UploadRefused`: 409 when another offset is due, and 422 when the whole does not fit its digest,
        in which case all of it is dropped and the upload begins again.
        """
        with self._store.transaction(terminal_id) as run:
            upload = _find(run, terminal_id, digest)
            if upload is None:
                raise UploadRefused(404, "unknown-attachment")
            if upload.received_bytes != offset or upload.stored_at is not None:
                raise UploadRefused(409, "wrong-offset")
            received = offset + len(piece)
            if received > upload.size_bytes:
                raise UploadRefused(413, "beyond-its-length")
            moved = run.execute(
                "update attachment set received_bytes = ?"
                " where terminal_id = ? and digest = ? and received_bytes = ? and stored_at is null",
                (received, terminal_id, digest, offset),
            )
            if moved.rowcount != 1:  # another worker was quicker
                raise UploadRefused(409, "wrong-offset")
            if piece:
                run.execute(
                    "insert into attachment_piece (terminal_id, digest, first_byte, body) values (?, ?, ?, ?)",
                    (terminal_id, digest, offset, piece),
                )
            if received < upload.size_bytes:
                return _with(upload, received, None)
            whole = _fits(run, terminal_id, upload)
            if whole:
                now = self._store.now()
                finished = "update attachment set stored_at = ? where terminal_id = ? and digest = ?"
                run.execute(finished, (now, terminal_id, digest))
                return _with(upload, received, now)
            _begin_again(run, terminal_id, digest)
        raise UploadRefused(422, "digest")

    def of_entry(self, terminal_id: str, entry_id: UUID) -> list[Upload]:
        """What was handed in with an entry, as far as it has come."""
        sql = f"select {_COLUMNS} from attachment where terminal_id = ? and entry_id = ? order by created_at, digest"  # noqa: S608
        with self._store.reading() as run:
            return [_upload(row) for row in run.execute(sql, (terminal_id, entry_id.bytes)).fetchall()]

    def pieces(self, terminal_id: str, digest: bytes) -> Iterator[bytes]:
        """The sealed bytes, a piece at a time."""
        upload, place = self.find(terminal_id, digest), 0
        while upload is not None and place < upload.received_bytes:
            with self._store.reading() as run:
                piece = _piece(run, terminal_id, digest, place)
            yield piece
            place += len(piece)


def _find(run: Any, terminal_id: str, digest: bytes) -> Upload | None:
    sql = f"select {_COLUMNS} from attachment where terminal_id = ? and digest = ?"  # noqa: S608
    row = run.execute(sql, (terminal_id, digest)).fetchone()
    return _upload(row) if row is not None else None


def _upload(row: tuple[Any, ...]) -> Upload:
    digest, entry_id, *more = row
    return Upload(bytes(digest), UUID(bytes=bytes(entry_id)), *more)


def _with(upload: Upload, received_bytes: int, stored_at: str | None) -> Upload:
    return replace(upload, received_bytes=received_bytes, stored_at=stored_at)


def _piece(run: Any, terminal_id: str, digest: bytes, first_byte: int) -> bytes:
    sql = "select body from attachment_piece where terminal_id = ? and digest = ? and first_byte = ?"
    return bytes(run.execute(sql, (terminal_id, digest, first_byte)).fetchone()[0])


def _fits(run: Any, terminal_id: str, upload: Upload) -> bool:
    """Whether the pieces together are what the digest says; one of them at a time."""
    found, place = hashlib.sha256(), 0
    while place < upload.size_bytes:
        piece = _piece(run, terminal_id, upload.digest, place)
        found.update(piece)
        place += len(piece)
    return found.digest() == upload.digest


def _begin_again(run: Any, terminal_id: str, digest: bytes) -> None:
    run.execute("delete from attachment_piece where terminal_id = ? and digest = ?", (terminal_id, digest))
    run.execute(
        "update attachment set received_bytes = 0 where terminal_id = ? and digest = ?", (terminal_id, digest)
    )
