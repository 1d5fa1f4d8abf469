"""What was handed in with cases, onto a stick and settled from it: a piece at a time, never a whole in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.domain.enrolment import Enrolment
from kiosk.journal.journal import Journal
from kiosk.journal.unsent import UnsentAttachment
from sync.signing import SignatureFault
from sync.stick import AttachmentFiles, Stick, StickFault
from sync.upload_wire import AnotherEpoch, check_stored

PIECE_BYTES = 1024 * 1024
_AT_ONCE = 50


def write_attachments(
    stick: Stick, journal: Journal, before: Sequence[AttachmentFiles]
) -> Iterator[AttachmentFiles]:
    """Each attachment that the platform does not hold, once its pieces are on the stick."""
    known = {one.digest: one for one in before}
    after = 0
    while some := journal.unsent.attachments(after, _AT_ONCE):
        after = some[-1].number
        for one in some:
            there = known.get(one.digest)
            yield there if there is not None and _is_whole(stick, there) else _write(stick, journal, one)


def settle_attachments(
    journal: Journal,
    stick: Stick,
    attachments: Sequence[AttachmentFiles],
    enrolment: Enrolment,
    refused: list[StickFault],
) -> int:
    """Note what the platform proved that it holds; how many were news."""
    key, count = Ed25519PublicKey.from_public_bytes(enrolment.signing_key), 0
    for one in attachments:
        try:
            count += _settle(journal, stick, one, enrolment.terminal_id, key)
        except StickFault as fault:
            if fault.word != "missing":
                refused.append(fault)
    return count


def _settle(
    journal: Journal, stick: Stick, one: AttachmentFiles, terminal_id: str, key: Ed25519PublicKey
) -> bool:
    token = stick.read(one.answer_name)[1]
    epoch = journal.settings.platform_epoch()
    try:
        check_stored(
            token.decode("ascii"),
            terminal_id=terminal_id,
            entry_id=str(one.entry_id),
            digest=one.digest,
            size_bytes=one.size_bytes,
            epoch=epoch,
            key=key,
        )
        return journal.attachments.delivered(one.digest, token, epoch)
    except KeyError:
        return False  # dropped here since: it was delivered another way
    except AnotherEpoch as error:
        raise StickFault("another_epoch", one.answer_name) from error
    except (SignatureFault, ValueError) as error:
        raise StickFault("forged", one.answer_name) from error


def _is_whole(stick: Stick, one: AttachmentFiles) -> bool:
    try:
        return all(stick.read(one.name(place))[0] == digest for place, digest in enumerate(one.pieces))
    except StickFault:
        return False


def _write(stick: Stick, journal: Journal, one: UnsentAttachment) -> AttachmentFiles:
    offsets = range(0, one.size_bytes, PIECE_BYTES)
    listed = AttachmentFiles(
        digest=one.digest,
        entry_id=one.entry_id,
        media_type=one.media_type,
        size_bytes=one.size_bytes,
        pieces=[
            hashlib.sha256(journal.attachments.read(one.digest, offset, PIECE_BYTES)).digest()
            for offset in offsets
        ],
    )
    for place, offset in enumerate(offsets):
        stick.write(listed.name(place), journal.attachments.read(one.digest, offset, PIECE_BYTES))
    return listed
