"""Sticks from terminals: their entries are taken in exactly as from the wire, and the answers written beside them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import zstandard

from sync.batch import EntriesRequest
from sync.central.api import take_in
from sync.central.attachment_store import AttachmentStore, Upload, UploadRefused
from sync.central.exchange import Caller, Platform, Refusal
from sync.central.store import Terminal
from sync.central.successors import home_of_entry
from sync.compression import decompress
from sync.stick import (
    AttachmentFiles,
    BatchFile,
    Stick,
    StickAnswer,
    StickFault,
    terminals_on,
    verify_manifest,
)
from sync.upload_wire import MAX_PIECE_BYTES, sign_stored
from sync.wire import MAX_DECODED_REQUEST_BYTES, Result, encode


@dataclass(slots=True, kw_only=True)
class TakenIn:
    """What one terminal's folder brought."""

    terminal_number: str
    stored: int = 0
    known: int = 0
    """Here already, by the line or by an earlier run."""
    set_apart: int = 0
    attachments: int = 0
    """Held whole now."""
    answered: int = 0
    """Files whose answer is on the stick."""
    refused: list[StickFault] = field(default_factory=list)


def import_stick(platform: Platform, root: Path) -> list[TakenIn]:
    """Take in every terminal's folder on the stick at `root`; repeat at will.

    Raises `StickFault` (no_stick, nothing_here), `OSError` as the stick fails, and `DatabaseAway`.
    """
    if not root.is_dir():
        raise StickFault("no_stick", str(root))
    numbers = terminals_on(root)
    if not numbers:
        raise StickFault("nothing_here", str(root))
    return [_take_in_folder(platform, root, number) for number in numbers]


def _take_in_folder(platform: Platform, root: Path, number: str) -> TakenIn:
    stick, taken = Stick(root, number), TakenIn(terminal_number=number)
    try:
        signed = stick.read_manifest()
        terminal = platform.store.terminal(signed.manifest.terminal_id)
        if terminal is None or terminal.terminal_number != number:
            raise StickFault("unknown_terminal", number)
        manifest = verify_manifest(signed, terminal.public_key)
    except StickFault as fault:
        taken.refused.append(fault)
        return taken
    for file in manifest.files:
        try:
            _take_in_file(platform, terminal, stick, file, taken)
        except StickFault as fault:
            taken.refused.append(fault)
    for one in manifest.attachments:
        try:
            taken.attachments += _take_in_attachment(platform, terminal, stick, one)
        except StickFault as fault:
            taken.refused.append(fault)
    return taken


def _take_in_file(
    platform: Platform, terminal: Terminal, stick: Stick, file: BatchFile, taken: TakenIn
) -> None:
    digest, content = stick.read(file.name)
    if digest != file.sha256:
        raise StickFault("damaged", file.name)
    try:
        plain = decompress(content, "zstd", MAX_DECODED_REQUEST_BYTES)
        batch = msgspec.json.decode(plain, type=EntriesRequest)
        # A nonce of its own each time: what was here before is a duplicate, not a replay.
        answer = take_in(platform, Caller(terminal, f"stick-{secrets.token_hex(12)}", 0, None), batch)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, zstandard.ZstdError, Refusal) as error:
        raise StickFault("damaged", file.name) from error
    for count, outcome in answer.outcomes:
        if outcome.result is Result.STORED:
            taken.stored += count
        elif outcome.result is Result.DUPLICATE:
            taken.known += count
        else:
            taken.set_apart += count
    # Answered only now that it is stored: an answer that is on the stick is true.
    told = StickAnswer(sha256=file.sha256, answer=answer).signed(terminal.terminal_id, platform.keys.signing)
    stick.write(file.answer_name, encode(told))
    taken.answered += 1


def _take_in_attachment(platform: Platform, terminal: Terminal, stick: Stick, one: AttachmentFiles) -> bool:
    """Go on where the platform stands, by the line or by an earlier stick; whether the whole is here now."""
    uploads = AttachmentStore(platform.store)
    home = home_of_entry(platform.store, terminal.terminal_id, one.entry_id)
    try:
        upload = uploads.create(
            home, Upload(one.digest, one.entry_id, one.media_type, one.size_bytes, 0, None)
        )
        start = 0
        for place, digest in enumerate(one.pieces):
            if upload.stored_at is not None:
                break
            found, piece = stick.read(one.name(place))
            if found != digest:
                raise StickFault("damaged", one.name(place))
            while start <= upload.received_bytes < start + len(piece) and upload.stored_at is None:
                offset = upload.received_bytes
                some = piece[offset - start : offset - start + MAX_PIECE_BYTES]
                upload = uploads.append(home, one.digest, offset, some)
            start += len(piece)
    except UploadRefused as refused:
        raise StickFault("attachment_refused", f"{one.digest.hex()} {refused.word}") from refused
    if upload.stored_at is None:
        raise StickFault("damaged", one.name(0))
    token = sign_stored(
        terminal_id=terminal.terminal_id,
        entry_id=str(one.entry_id),
        digest=one.digest,
        size_bytes=one.size_bytes,
        stored_at=upload.stored_at,
        epoch=upload.epoch,
        key=platform.keys.signing,
    )
    stick.write(one.answer_name, token.encode("ascii"))
    return True
