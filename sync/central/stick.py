"""Sticks from terminals: their entries are taken in exactly as from the wire, and the answers written beside them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import zstandard

from sync.batch import EntriesRequest
from sync.central.api import take_in
from sync.central.exchange import Caller, Platform, Refusal
from sync.central.store import Terminal
from sync.compression import decompress
from sync.stick import BatchFile, Stick, StickAnswer, StickFault, terminals_on, verify_manifest
from sync.wire import MAX_DECODED_REQUEST_BYTES, Result, encode


@dataclass(slots=True, kw_only=True)
class TakenIn:
    """What one terminal's folder brought."""

    terminal_number: str
    stored: int = 0
    known: int = 0
    """Here already, by the line or by an earlier run."""
    set_apart: int = 0
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
    stick.write(file.answer_name, encode(StickAnswer(sha256=file.sha256, answer=answer)))
    taken.answered += 1
