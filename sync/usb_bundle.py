"""What waits on this terminal goes onto a stick, and the platform's answers come back from it.

Neither changes anything that the line does: the sender goes on as ever, the platform knows each entry by its
identity, so what travels both ways is a duplicate and nothing else.  Both can be repeated at will, and begun
again after the stick was pulled out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import msgspec
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.clock import Clock
from kiosk.domain.case import PlatformState
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.entry import RecordedEntry, iso_utc
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged, Settlement
from sync.acknowledgement import verified_tokens
from sync.batch import to_batch
from sync.delivery import settled
from sync.signing import SignatureFault
from sync.stick import (
    MANIFEST,
    AttachmentFiles,
    BatchFile,
    Manifest,
    Stick,
    StickAnswer,
    StickFault,
    in_stretches,
    terminals_on,
    verify_manifest,
)
from sync.stick_attachments import settle_attachments, write_attachments
from sync.wire import EntryResult, Reason, Result, encode

ENTRIES_A_FILE = 500
BYTES_A_FILE = 1024 * 1024
_ENTRY_OVERHEAD_BYTES = 128
_FILE_OVERHEAD_BYTES = 64 * 1024
"""A large stick's smallest piece, for the file and for its line in the manifest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What is on the stick now."""

    terminal_number: str
    entries: int
    files: int
    written: int
    """Files of this run; the others were there and whole."""
    attachments: int = 0
    folder: Path


@dataclass(slots=True, kw_only=True)
class Imported:
    """What the answers on the stick led to."""

    acknowledged: int = 0
    attachments: int = 0
    """Which the platform holds whole, as it proved now."""
    set_aside: int = 0
    already: int = 0
    """Settled before: on another way, or in an earlier run."""
    waiting: int = 0
    """Files that the platform has not answered yet."""
    refused: list[StickFault] = field(default_factory=list)


def export(
    journal: Journal, key: Ed25519PrivateKey, root: Path, clock: Clock, stick: Stick | None = None
) -> Exported:
    """Put everything that waits onto the stick at `root`.

    Raises `StickFault` (no_stick, full), `JournalError`, and `OSError` as the stick fails: what was there is
    there still, and the next run goes on.
    """
    enrolment = _enrolment(journal)
    if not root.is_dir():
        raise StickFault("no_stick", str(root))
    stick = stick or Stick(root, enrolment.terminal_number)
    stick.require_on_the_stick()
    old = _earlier(stick, enrolment, key)
    kept = list(_still_good(stick, journal, old))
    kept_names = {file.name for file in kept}
    there = set(stick.names())
    kept_bytes = sum(file.size_bytes for file in kept)
    kept_bytes += sum(one.size_bytes for one in (old.attachments if old else ()) if one.name(0) in there)
    _require_room(stick, journal, kept_bytes)
    stick.prepare()
    files, written, attached = list(kept), 0, list(old.attachments) if old else []
    for chunk in _uncovered(journal, kept):
        file = _write_batch(stick, chunk, enrolment)
        files = [other for other in files if other.name != file.name] + [file]
        written += 1
        _write_manifest(stick, enrolment, files, attached, clock, key)
    attached = []
    for one in write_attachments(stick, journal, old.attachments if old else []):
        attached.append(one)
        _write_manifest(stick, enrolment, files, attached, clock, key)
    if not written and not attached:
        _write_manifest(stick, enrolment, files, attached, clock, key)
    _sweep(stick, files, attached, kept_names)
    return Exported(
        terminal_number=enrolment.terminal_number,
        entries=sum(file.count for file in files),
        files=len(files),
        written=written,
        attachments=len(attached),
        folder=stick.folder,
    )


def import_answers(journal: Journal, public_key: bytes, root: Path) -> Imported:
    """Settle what the platform answered on the stick at `root`; `public_key` is this terminal's own.

    Raises `StickFault` (no_stick, another_terminal, forged, damaged) when nothing on it can be used, and
    `JournalError`. A file that cannot be used is named in the result and stops none of the others.
    """
    enrolment = _enrolment(journal)
    if not root.is_dir():
        raise StickFault("no_stick", str(root))
    stick = Stick(root, enrolment.terminal_number)
    stick.require_on_the_stick()
    if not stick.names():
        others = terminals_on(root)
        raise StickFault("another_terminal" if others else "nothing_here", " ".join(others))
    manifest = verify_manifest(stick.read_manifest(), public_key)
    result = Imported()
    for file in manifest.files:
        try:
            _settle_file(journal, stick, file, enrolment, result)
        except StickFault as fault:
            if fault.word == "missing":
                result.waiting += 1
            else:
                result.refused.append(fault)
    result.attachments = settle_attachments(journal, stick, manifest.attachments, enrolment, result.refused)
    return result


def _enrolment(journal: Journal) -> Enrolment:
    enrolment = journal.settings.enrolment()
    if enrolment is None:
        raise JournalError(JournalFault.NOT_ENROLLED)
    return enrolment


def _earlier(stick: Stick, enrolment: Enrolment, key: Ed25519PrivateKey) -> Manifest | None:
    """What an earlier run of this very terminal left; None when that cannot be proven: all is written again."""
    try:
        manifest = verify_manifest(stick.read_manifest(), key.public_key().public_bytes_raw())
    except StickFault:
        return None  # pulled out while it was written, or somebody else's
    return manifest if manifest.terminal_id == enrolment.terminal_id else None


def _still_good(stick: Stick, journal: Journal, old: Manifest | None) -> Iterator[BatchFile]:
    """The files of an earlier run that are whole and hold something that still waits."""
    for file in old.files if old is not None else ():
        try:
            whole = stick.read(file.name)[0] == file.sha256
        except StickFault:
            whole = False
        if whole and any(journal.unsent.waits(first, last) for first, last in file.sequences):
            yield file


def _require_room(stick: Stick, journal: Journal, kept_bytes: int) -> None:
    """Refuse before the first byte: a stick that fills half-way helps nobody."""
    size = journal.unsent.size()
    files = size.entries // ENTRIES_A_FILE + size.sealed_bytes // BYTES_A_FILE + 2
    needed = (
        size.sealed_bytes + size.entries * _ENTRY_OVERHEAD_BYTES + files * _FILE_OVERHEAD_BYTES - kept_bytes
    )
    free = stick.free_bytes()
    if needed > free:
        raise StickFault("full", f"{needed} > {free}")


def _uncovered(journal: Journal, kept: Sequence[BatchFile]) -> Iterator[list[RecordedEntry]]:
    """What waits and is in no file yet, in pieces of one file."""
    covered = sorted(stretch for file in kept for stretch in file.sequences)
    begins = [first for first, _ in covered]

    def is_covered(sequence: int) -> bool:
        place = bisect_right(begins, sequence) - 1
        return place >= 0 and sequence <= covered[place][1]

    after = 0
    while chunk := journal.unsent.chunk(after, ENTRIES_A_FILE, BYTES_A_FILE):
        after = chunk[-1].sequence
        fresh = [entry for entry in chunk if not is_covered(entry.sequence)]
        for _, some in groupby(fresh, lambda entry: entry.header.terminal_number):
            yield list(some)


def _write_batch(stick: Stick, chunk: Sequence[RecordedEntry], enrolment: Enrolment) -> BatchFile:
    name = f"entries-{chunk[0].sequence:012d}.lbs"
    content = zstandard.ZstdCompressor(level=3).compress(encode(to_batch(chunk, enrolment.terminal_number)))
    stick.remove(name.replace("entries-", "answer-"))
    digest = stick.write(name, content)
    return BatchFile(
        name=name,
        sha256=digest,
        size_bytes=len(content),
        sequences=in_stretches([entry.sequence for entry in chunk]),
    )


def _write_manifest(
    stick: Stick,
    enrolment: Enrolment,
    files: Sequence[BatchFile],
    attachments: Sequence[AttachmentFiles],
    clock: Clock,
    key: Ed25519PrivateKey,
) -> None:
    manifest = Manifest(
        terminal_id=enrolment.terminal_id,
        terminal_number=enrolment.terminal_number,
        written_at=iso_utc(clock.now()),
        files=sorted(files, key=lambda file: file.name),
        attachments=list(attachments),
    )
    stick.write_manifest(manifest, key)


def _sweep(
    stick: Stick, files: Sequence[BatchFile], attachments: Sequence[AttachmentFiles], kept: set[str]
) -> None:
    """Take away what the manifest no longer lists: what was delivered, and what a pulled stick left unfinished."""
    wanted = {MANIFEST, *(file.name for file in files)}
    wanted |= {file.answer_name for file in files if file.name in kept}
    for one in attachments:
        wanted |= {one.answer_name, *(one.name(place) for place in range(len(one.pieces)))}
    for name in stick.names():
        if name not in wanted:
            stick.remove(name)


def _settle_file(
    journal: Journal, stick: Stick, file: BatchFile, enrolment: Enrolment, result: Imported
) -> None:
    content = stick.read(file.answer_name)[1]
    try:
        answered = msgspec.json.decode(content, type=StickAnswer)
        entries = [entry for first, last in file.sequences for entry in journal.unsent.stretch(first, last)]
        if answered.sha256 != file.sha256:
            raise StickFault("another_batch", file.answer_name)
        results = answered.answer.results(entries)
        key = Ed25519PublicKey.from_public_bytes(enrolment.signing_key)
        if not answered.holds(enrolment.terminal_id, key):
            results = [_as_acknowledged(one) for one in results]
        tokens = verified_tokens(
            entries,
            results,
            enrolment.terminal_id,
            answered.answer.epoch,
            answered.answer.signature,
            key,
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, SignatureFault) as error:
        raise StickFault("forged", file.answer_name) from error
    _count(journal, [settled(one, token) for one, token in zip(results, tokens, strict=True)], result)


def _as_acknowledged(result: EntryResult) -> EntryResult:
    """A result without what the signature of a batch does not cover, for an answer that has no other.

    Anybody could else write that a case is concluded, or what staff read as the reason why it was set aside.
    """
    stored = result.result in (Result.STORED, Result.DUPLICATE)
    state = PlatformState.RECEIVED if stored else PlatformState.UNKNOWN
    return msgspec.structs.replace(result, state=state, reason=Reason.NONE)


def _count(journal: Journal, settlements: Sequence[Settlement], result: Imported) -> None:
    before = journal.outbox.summary()
    journal.outbox.settle(settlements)
    after = journal.outbox.summary()
    acknowledged = after.acknowledged - before.acknowledged
    parked = max(after.parked - before.parked, 0)
    result.acknowledged += acknowledged
    result.set_aside += parked
    good = sum(isinstance(one, Acknowledged) for one in settlements)
    result.already += max(good - acknowledged, 0)
