"""One batch to the platform and what became of each of its entries, without touching the journal.

What may or may not have arrived (a lost answer, a cut line) is sent again: the platform knows each entry by
its identity.  What the platform will never take is found by halving the batch, and set aside so that it
blocks nothing.  What only ever meets trouble, at a platform that is well otherwise, is found in the same way and
put off: whoever stands in the way (a gateway, a bug) has not said that it is the entry's fault.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.clock import Clock
from kiosk.domain.case import ParkReason
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.outbox import Acknowledged, LeasedEntry, Parked, Released, Settlement
from sync.acknowledgement import verified_tokens
from sync.batch import BatchAnswer
from sync.platform_client import PlatformClient, Refused
from sync.signing import SignatureFault
from sync.wire import EntryResult, Reason, Result

log = logging.getLogger(__name__)

_POISON = frozenset({400, 413, 422})
_SYSTEMIC = 3
"""When so many entries are refused and not one is taken, the fault is not theirs."""
_LONG_PAUSES = 10
"""So many times the longest pause lies between two tries of an entry that is put off."""
_MAY_BE_THE_ENTRY = frozenset(
    {
        LineFault.SERVER_TROUBLE,
        LineFault.NOT_THE_PLATFORM,
        LineFault.PORTAL,
        LineFault.NO_LINE,
        LineFault.TIMED_OUT,
    }
)
"""What a filter that dislikes a body, or a server that stumbles over it, looks like from here."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a batch."""

    leased: Sequence[LeasedEntry]
    settlements: list[Settlement]
    error: PlatformError | None
    """What stopped it."""
    took_s: float
    """The longest of its exchanges."""
    too_large: bool = False

    @property
    def sealed_bytes(self) -> int:
        """How much it carried."""
        return sum(len(item.entry.sealed) for item in self.leased)


@dataclass(slots=True)
class _Progress:
    """What is known so far of a batch that is being delivered."""

    settlements: list[Settlement] = field(default_factory=list)
    refused: list[tuple[LeasedEntry, Refused]] = field(default_factory=list)
    troubled: list[LeasedEntry] = field(default_factory=list)
    """Those that met trouble alone."""
    in_a_row: int = 0
    """How many of them since the platform took something."""
    took_s: float = 0.0
    too_large: bool = False

    def note_trouble(self, alone: Sequence[LeasedEntry]) -> None:
        """One entry, sent by itself, met trouble."""
        self.troubled += alone
        self.in_a_row += len(alone)

    @property
    def taken(self) -> bool:
        """Whether the platform took any."""
        return any(isinstance(one, Acknowledged) for one in self.settlements)


class Delivery:
    """Sends batches over one client, one after the other."""

    def __init__(self, client: PlatformClient, clock: Clock, retry_cap_s: float) -> None:
        self.client = client
        self._clock = clock
        self._retry_cap_s = retry_cap_s
        self._terminal_id = ""
        self._platform_key: Ed25519PublicKey | None = None

    def become(self, enrolment: Enrolment) -> None:
        """Speak as this terminal and believe only this platform from now on."""
        self._terminal_id = enrolment.terminal_id
        self._platform_key = Ed25519PublicKey.from_public_bytes(enrolment.signing_key)
        self.client.become(enrolment)

    def deliver(
        self,
        leased: Sequence[LeasedEntry],
        sequence: int,
        beat: Callable[[], None],
        *,
        searching: bool = False,
    ) -> Delivered:
        """Send a batch, halving it where the platform refuses it whole; `beat` is called before each try.

        `searching`: batches met trouble again and again while other exchanges went well, so halve for that too.
        """
        # Entries of before this terminal was enrolled again travel apart, under the number that they have.
        waiting = [list(some) for _, some in groupby(leased, lambda item: item.entry.header.terminal_number)]
        so_far = _Progress()
        error: PlatformError | None = None
        trouble: PlatformError | None = None
        while waiting and error is None:
            part = waiting.pop()
            beat()
            try:
                so_far.settlements += self._send(part, sequence, so_far)
            except PlatformError as fault:
                so_far.too_large |= fault.fault is LineFault.TOO_LARGE
                suspect = searching and fault.fault in _MAY_BE_THE_ENTRY
                if (_is_poison(fault) or suspect) and len(part) > 1:
                    middle = len(part) // 2
                    waiting += [part[middle:], part[:middle]]
                elif _is_poison(fault) and isinstance(fault, Refused):
                    so_far.refused.append((part[0], fault))
                elif suspect:
                    so_far.note_trouble(part)
                    trouble = fault
                    if so_far.in_a_row >= _SYSTEMIC:
                        so_far.settlements += _released(item for some in waiting for item in some)
                        error = fault
                else:
                    if fault.fault is LineFault.TOO_LARGE:
                        # Of a gateway, whose word sets nothing aside: later, and the others need not wait for it.
                        so_far.settlements += self._put_off(part, _LONG_PAUSES)
                        part = []
                    so_far.settlements += _released(item for some in (part, *waiting) for item in some)
                    error = fault
        # Where the platform itself seems to be in trouble, those who were tried alone need not wait for long.
        so_far.settlements += self._put_off(so_far.troubled, 1 if error else _LONG_PAUSES)
        if error is None:
            error = self._judge_refusals(so_far) or (None if so_far.taken else trouble)
        else:
            so_far.settlements += _parked(so_far.refused)
        return Delivered(leased, so_far.settlements, error, so_far.took_s, so_far.too_large)

    def _send(self, part: list[LeasedEntry], sequence: int, so_far: _Progress) -> list[Settlement]:
        started_s = self._clock.monotonic()
        try:
            answer = self.client.send_entries([item.entry for item in part], sequence)
        finally:
            so_far.took_s = max(so_far.took_s, self._clock.monotonic() - started_s)
        so_far.in_a_row = 0
        return self._judge(part, answer)

    def _judge_refusals(self, so_far: _Progress) -> PlatformError | None:
        if len(so_far.refused) >= _SYSTEMIC and not so_far.taken:
            so_far.settlements += _released(item for item, _ in so_far.refused)
            return PlatformError(LineFault.REFUSED, so_far.refused[0][1].word)
        so_far.settlements += _parked(so_far.refused)
        return None

    def _judge(self, part: Sequence[LeasedEntry], answer: BatchAnswer) -> list[Settlement]:
        """What the answer means for each entry of the batch: all of it counts, or nothing does."""
        assert self._platform_key is not None
        entries = [item.entry for item in part]
        try:
            tokens = verified_tokens(
                entries, answer.results, self._terminal_id, answer.epoch, answer.signature, self._platform_key
            )
        except SignatureFault as fault:
            log.warning("%d entries: no valid acknowledgement (%s)", len(part), fault)
            return self._put_off(part, 1)
        return [settled(result, token) for result, token in zip(answer.results, tokens, strict=True)]

    def _put_off(self, part: Sequence[LeasedEntry], pauses: int) -> list[Settlement]:
        """Each of them later, the more often it was tried, up to so many times the usual longest pause."""
        longest_s = self._retry_cap_s * pauses
        return [
            Released(
                entry_id=item.entry.header.entry_id,
                retry_in_s=min(longest_s, 2.0 ** min(item.attempts, 20)),
            )
            for item in part
        ]


def settled(result: EntryResult, token: bytes) -> Settlement:
    """What the platform's proven word on one entry means for the outbox."""
    if result.result in (Result.STORED, Result.DUPLICATE):
        return Acknowledged(
            entry_id=result.id,
            token=token,
            platform_state=result.state,
            stored_at=_moment(result.stored_at),
        )
    reason = ParkReason.REJECTED if result.result is Result.REJECTED else ParkReason.QUARANTINED
    if result.reason is Reason.CONFLICT:
        reason = ParkReason.CONFLICT
    return Parked(entry_id=result.id, reason=reason, detail=result.reason.value)


@lru_cache(maxsize=8)
def _moment(text: str) -> datetime | None:
    """The platform's time; one that makes no sense keeps an entry longer and never loses it."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_poison(error: PlatformError) -> bool:
    """Whether a part of the batch, and not the line, is the trouble."""
    if isinstance(error, Refused):
        return error.status in _POISON
    return error.fault is LineFault.TOO_LARGE


def _released(items: Iterable[LeasedEntry]) -> list[Settlement]:
    return [Released(entry_id=item.entry.header.entry_id) for item in items]


def _parked(refused: Sequence[tuple[LeasedEntry, Refused]]) -> list[Settlement]:
    return [
        Parked(entry_id=item.entry.header.entry_id, reason=ParkReason.REJECTED, detail=refusal.word)
        for item, refusal in refused
    ]
