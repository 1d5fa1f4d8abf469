"""Uploads what was handed in with cases, a piece at a time, from wherever the last try got to (tus 1.0).

Only after their entry was acknowledged, and only while no entry waits: one piece, then a look at the outbox.
The platform says how far it has got; what this side remembers of that is only a hint.  An attachment is delivered
when the platform signed that it holds exactly these bytes, and not when the last piece was sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.clock import Clock
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.attachments import PendingAttachment
from kiosk.journal.journal import Journal
from sync.exchange import Call
from sync.journal_thread import newest_sequence
from sync.platform_client import PlatformClient, Proven, Refused
from sync.signing import SignatureFault
from sync.upload_wire import (
    CHECKSUM_HEADER,
    CHECKSUM_MISMATCH,
    LENGTH_HEADER,
    MAX_PIECE_BYTES,
    METADATA_HEADER,
    OFFSET_HEADER,
    PIECE_TYPE,
    TOKEN_HEADER,
    TUS_HEADER,
    TUS_VERSION,
    AnotherEpoch,
    check_stored,
    checksum,
    pack_metadata,
)

log = logging.getLogger(__name__)

_SMALLEST_BYTES = 64 * 1024
_QUICK_S = 2.0
"""A piece that took less was too small for this line."""
_SLOW_S = 10.0
_TRIES = 5
"""After so many refusals in a row an attachment is stuck, which the platform and the keeper are told."""
_STUCK_S = 3600.0
"""And is tried again so seldom: its case may be let through, and room be made, without a word to this terminal."""
_DONE = frozenset({200, 201, 204})
_OFFSET_DIGITS = 16
_NOT_THERE = frozenset({404, 410})
"""Never heard of, or given up meanwhile (tus 1.0, HEAD): either way it is created (anew)."""


@dataclass(slots=True)
class _Refusal:
    """How often in a row one was refused, and when it was tried last."""

    count: int = 0
    at_s: float = 0.0


class AttachmentUpload:
    """Sends attachments. Used by one thread."""

    def __init__(self, client: PlatformClient, clock: Clock, may_go_on: Callable[[], bool]) -> None:
        """`may_go_on` is asked before each piece: entries go first, and an ending process goes before both."""
        self._client, self._clock, self._may_go_on = client, clock, may_go_on
        self._piece_bytes = _SMALLEST_BYTES
        self._refusals: dict[bytes, _Refusal] = {}
        self._epoch: str | None = None

    def run(self, journal: Journal, platform_key: Ed25519PublicKey) -> int:
        """Upload what waits until nothing does or `may_go_on` says no; how many were delivered.

        Raises `PlatformError` when the line is the trouble.
        """
        delivered = after = 0
        seen: set[bytes] = set()
        if self._epoch != (epoch := journal.settings.platform_epoch()):
            self._refusals, self._epoch = {}, epoch  # another memory: it may know what was unknown
        # Those that cannot be sent stay at the head of the queue; whatever stands behind them still goes.
        while some := journal.attachments.pending(after=after):
            for pending in some:
                if not self._may_go_on():
                    return delivered
                try:
                    delivered += self._try(journal, pending, platform_key)
                except AnotherEpoch:
                    # The next heartbeat tells of it and asks for all of them anew; then such a word counts.
                    log.info("the platform has another epoch than it told last: a heartbeat goes first")
                    return delivered
                after = pending.number
                seen.add(pending.digest)
        # What waits no more, delivered on a stick for example, is not stuck either.
        self._refusals = {digest: one for digest, one in self._refusals.items() if digest in seen}
        return delivered

    @property
    def stuck(self) -> int:
        """How many are all but left alone because the platform keeps refusing them."""
        return sum(1 for one in tuple(self._refusals.values()) if one.count >= _TRIES)

    def _try(self, journal: Journal, pending: PendingAttachment, platform_key: Ed25519PublicKey) -> bool:
        before = self._refusals.get(pending.digest, _Refusal())
        if before.count >= _TRIES and self._clock.monotonic() < before.at_s + _STUCK_S:
            return False
        try:
            return self._upload(journal, pending, platform_key)
        except Refused as refused:
            self._note_refusal(journal, pending, refused)
            return False

    def _upload(self, journal: Journal, pending: PendingAttachment, platform_key: Ed25519PublicKey) -> bool:
        """Bring one on its way; whether it was delivered whole."""
        answer, before = self._begin(journal, pending), -1
        while not self._is_delivered(journal, pending, answer, platform_key):
            if not self._may_go_on():
                return False
            offset = _offset(answer, pending)
            if offset is None or offset <= before:
                # A platform that takes piece after piece and gets no further would be sent them for ever.
                self._count_refusal(pending)
                log.warning("attachment %s: gets no further", pending.digest.hex()[:16])
                return False
            before = offset
            journal.attachments.note_sent(pending.digest, offset)
            piece = journal.attachments.read(pending.digest, offset, self._piece_bytes)
            try:
                answer = self._send(journal, pending, offset, piece)
            except Refused as refused:
                if refused.status not in (409, CHECKSUM_MISMATCH):
                    raise
                # Somebody else's offset, or bytes that changed on the way: the platform says where to go on.
                if self._count_refusal(pending) >= _TRIES:
                    return False
                answer, before = self._begin(journal, pending), -1
        self._refusals.pop(pending.digest, None)
        return True

    def _begin(self, journal: Journal, pending: PendingAttachment) -> Proven:
        """Where to go on; what the platform has never heard of is created."""
        try:
            return self._ask(journal, Call(method="HEAD", path=self._address(pending)))
        except Refused as refused:
            if refused.status not in _NOT_THERE:
                raise
        metadata = {
            "digest": pending.digest.hex(),
            "entry_id": str(pending.entry_id),
            "media_type": pending.media_type,
        }
        headers = {
            TUS_HEADER: TUS_VERSION,
            LENGTH_HEADER: str(pending.size_bytes),
            METADATA_HEADER: pack_metadata(metadata),
        }
        path = f"/v1/terminals/{self._client.terminal_id}/attachments"
        return self._ask(journal, Call(method="POST", path=path, headers=headers, done=_DONE))

    def _send(self, journal: Journal, pending: PendingAttachment, offset: int, piece: bytes) -> Proven:
        headers = {TUS_HEADER: TUS_VERSION, OFFSET_HEADER: str(offset), CHECKSUM_HEADER: checksum(piece)}
        started_s = self._clock.monotonic()
        try:
            answer = self._ask(
                journal,
                Call(
                    method="PATCH",
                    path=self._address(pending),
                    body=piece,
                    headers=headers,
                    content_type=PIECE_TYPE,
                    done=_DONE,
                ),
            )
        except PlatformError:
            self._piece_bytes = _SMALLEST_BYTES
            raise
        took_s = self._clock.monotonic() - started_s
        if took_s < _QUICK_S:
            self._piece_bytes = min(self._piece_bytes * 2, MAX_PIECE_BYTES)
        elif took_s > _SLOW_S:
            self._piece_bytes = max(self._piece_bytes // 2, _SMALLEST_BYTES)
        return answer

    def _ask(self, journal: Journal, call: Call) -> Proven:
        return self._client.ask(call, newest_sequence(journal), covered=(OFFSET_HEADER,))

    def _address(self, pending: PendingAttachment) -> str:
        return f"/v1/terminals/{self._client.terminal_id}/attachments/{pending.digest.hex()}"

    def _is_delivered(
        self, journal: Journal, pending: PendingAttachment, answer: Proven, key: Ed25519PublicKey
    ) -> bool:
        """Whether the platform signed that it holds the whole; then it is noted. Raises `AnotherEpoch`."""
        token, epoch = answer.headers.get(TOKEN_HEADER), journal.settings.platform_epoch()
        if token is None:
            return False
        try:
            check_stored(
                token,
                terminal_id=self._client.terminal_id,
                entry_id=str(pending.entry_id),
                digest=pending.digest,
                size_bytes=pending.size_bytes,
                epoch=epoch,
                key=key,
            )
        except AnotherEpoch:
            raise
        except SignatureFault as fault:
            raise PlatformError(LineFault.NOT_THE_PLATFORM, str(fault)) from fault
        noted = journal.attachments.delivered(pending.digest, token.encode("ascii"), epoch)
        if not noted and journal.settings.platform_epoch() != epoch:
            raise AnotherEpoch("the platform told of it meanwhile")
        return True

    def _note_refusal(self, journal: Journal, pending: PendingAttachment, refused: Refused) -> None:
        """A refusal concerns this one: the others go on."""
        if refused.status in (401, 403):
            raise refused
        # Its entry may be unknown there for a moment: one that was lost with a backup is sent again first.
        self._count_refusal(pending)
        if refused.word == "digest":
            journal.attachments.note_sent(pending.digest, 0)
        log.warning("attachment %s: %s", pending.digest.hex()[:16], refused.word)

    def _count_refusal(self, pending: PendingAttachment) -> int:
        refusal = self._refusals.setdefault(pending.digest, _Refusal())
        refusal.count, refusal.at_s = refusal.count + 1, self._clock.monotonic()
        return refusal.count


def _offset(answer: Proven, pending: PendingAttachment) -> int | None:
    """How far the platform has got, as it signed; None for what is no place to go on from."""
    text = answer.headers.get(OFFSET_HEADER, "")
    if not (text.isascii() and text.isdigit() and len(text) < _OFFSET_DIGITS):
        return None
    return int(text) if int(text) < pending.size_bytes else None
