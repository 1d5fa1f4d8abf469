"""The relay: outbox → platform, in batches, until every entry is acknowledged or parked with a reason.

An entry leaves the outbox only on an acknowledgement that the platform signed for exactly these bytes.
What may or may not have arrived (a lost answer, a cut line) is sent again: the platform knows each entry
by its identity.  What the platform will never take is found by halving the batch, and set aside so that
it blocks nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.clock import Clock
from kiosk.domain.case import ParkReason
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged, LeasedEntry, Parked, Released, Settlement
from sync.acknowledgement import verified_token
from sync.backoff import Backoff
from sync.journal_thread import Pulse, newest_sequence
from sync.line import ExchangeKind, Line
from sync.platform_client import PlatformClient, Refused
from sync.signing import SignatureFault
from sync.wire import EntriesAnswer, EntryResult, Reason, Result

log = logging.getLogger(__name__)

LEASE_S = 10.0
"""How long a batch stays with a sender that died.

Shorter than a slow exchange may last, on purpose: this thread is the only sender and settles before it
leases again, so a lease that runs out under it harms nothing, while a process that was killed in the
middle of a batch is back at once and must not wait a minute for its own entries.
"""
MAX_BATCH_BYTES = 1024 * 1024
_SMALLEST_BATCH_BYTES = 16 * 1024
_SLOW_POLL_S = 30.0
_LEASED_POLL_S = 2.0
"""The pause while something is leased that this process does not hold: its lease will run out."""
_AUTH_PAUSES = 10
"""An enrolment that is not accepted any more will not mend in a minute: so many times the usual longest pause."""
_POISON = frozenset({400, 413, 422})
_SMALL_BYTES = 32 * 1024
_SYSTEMIC = 3
"""When so many entries are refused and not one is taken, the fault is not theirs."""

Delivered = Callable[[Sequence[tuple[LeasedEntry, Acknowledged]]], None]


class Relay:
    """Sends. `run` is the body of its thread; the other methods may be called from any."""

    def __init__(
        self,
        client: PlatformClient,
        line: Line,
        clock: Clock,
        stopping: threading.Event,
        *,
        batch: int,
        retry_cap_s: float,
        on_delivered: Delivered = lambda delivered: None,
        on_failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.pulse = Pulse(clock)
        self._client = client
        self._line = line
        self._clock = clock
        self._stopping = stopping
        self._batch = batch
        self._max_bytes = MAX_BATCH_BYTES
        self._retry_cap_s = retry_cap_s
        self._backoff = Backoff(retry_cap_s)
        self._on_delivered = on_delivered
        self._on_failed = on_failed
        self._wake = threading.Event()
        self._failures = 0
        self._not_before = 0.0
        self._enrolment: Enrolment | None = None
        self._platform_key: Ed25519PublicKey | None = None

    def wake(self) -> None:
        """There is something new in the outbox, or the process ends."""
        self._wake.set()

    def line_came_up(self) -> None:
        """The platform answers again: no need to wait out the rest of the pause.

        Only after a first failure, though: a platform whose heartbeat works and whose intake does not must
        not be knocked at with every heartbeat.  A small exchange that began before the line died hangs on a
        connection that nobody will answer on: it is begun again.  A large one may just be slow.
        """
        if self._failures <= 1:
            self._not_before = 0.0
        if 0 < self._client.bytes_in_flight <= _SMALL_BYTES:
            self._client.begin_again()
        self._wake.set()

    def run(self, journal: Journal) -> None:
        """Drain the outbox whenever there is something in it, until `stopping`."""
        while not self._stopping.is_set():
            self._wake.clear()
            self.pulse.beat(within_s=120.0)
            pause_s = self._cycle(journal)
            self.pulse.beat(within_s=pause_s + 5.0)
            self._clock.wait(self._wake, pause_s)

    def drain(self, journal: Journal) -> PlatformError | None:
        """Send until the outbox has nothing due; the fault that stopped it, if one did."""
        if not self._enrolled(journal):
            return None
        while not self._stopping.is_set():
            leased = journal.outbox.lease(self._batch, self._max_bytes, LEASE_S)
            if not leased:
                return None
            settlements, error = self._deliver(leased, newest_sequence(journal))
            journal.outbox.settle(settlements)
            self._line.note_queue(journal.outbox.summary())
            self._tell_delivered(leased, settlements)
            if error is not None:
                return error
            self._failures = 0
            self._backoff.reset()
        return None

    def _cycle(self, journal: Journal) -> float:
        """One look at the outbox; the pause until the next if nothing happens meanwhile."""
        summary = journal.outbox.summary()
        self._line.note_queue(summary)
        if not self._line.is_online:
            return _SLOW_POLL_S
        remaining_s = self._not_before - self._clock.monotonic()
        if remaining_s > 0:
            return remaining_s
        error = self.drain(journal)
        if error is not None:
            return self._failed(error)
        summary = journal.outbox.summary()
        self._line.note_queue(summary)
        if summary.leased:
            return _LEASED_POLL_S
        if summary.pending:
            return min(self._retry_cap_s, _SLOW_POLL_S)
        journal.checkpoint()
        return _SLOW_POLL_S

    def _failed(self, error: PlatformError) -> float:
        self._failures += 1
        pause_s = self._backoff.next_s(error.retry_after_s)
        if error.fault is LineFault.NOT_AUTHORISED:
            pause_s = self._retry_cap_s * _AUTH_PAUSES
        self._not_before = self._clock.monotonic() + pause_s
        log.warning("entries not sent: %s; next try in %.1f s", error.fault.value, pause_s)
        self._line.failed(error.fault)
        if not self._line.is_online:
            self._on_failed()
        return pause_s

    def _enrolled(self, journal: Journal) -> bool:
        enrolment = journal.settings.enrolment()
        if enrolment is not None and enrolment != self._enrolment:
            self._enrolment = enrolment
            self._platform_key = Ed25519PublicKey.from_public_bytes(enrolment.signing_key)
            self._client.become(enrolment)
            self._not_before = 0.0
        return enrolment is not None

    def _deliver(
        self, leased: Sequence[LeasedEntry], sequence: int
    ) -> tuple[list[Settlement], PlatformError | None]:
        """Send a batch, halving it where the platform refuses it whole; what to settle, and what stopped it."""
        waiting = [list(leased)]
        settlements: list[Settlement] = []
        refused: list[tuple[LeasedEntry, Refused]] = []
        while waiting:
            part = waiting.pop()
            self.pulse.beat(within_s=600.0)
            try:
                answer = self._client.send_entries([item.entry for item in part], sequence)
                self._line.succeeded(ExchangeKind.ENTRIES)
                settlements += self._judge(part, answer)
            except PlatformError as error:
                if _is_poison(error) and len(part) > 1:
                    self._note_size(error)
                    middle = len(part) // 2
                    waiting += [part[middle:], part[:middle]]
                elif _is_poison(error) and isinstance(error, Refused):
                    refused.append((part[0], error))
                else:
                    unsent = [item for some in (part, *waiting) for item in some]
                    settlements += [Released(entry_id=item.entry.header.entry_id) for item in unsent]
                    return settlements + _park(refused), error
        if len(refused) >= _SYSTEMIC and not any(isinstance(one, Acknowledged) for one in settlements):
            settlements += [Released(entry_id=item.entry.header.entry_id) for item, _ in refused]
            return settlements, PlatformError(LineFault.REFUSED, refused[0][1].word)
        return settlements + _park(refused), None

    def _note_size(self, error: PlatformError) -> None:
        if error.fault is LineFault.TOO_LARGE:
            self._max_bytes = max(self._max_bytes // 2, _SMALLEST_BATCH_BYTES)

    def _judge(self, part: Sequence[LeasedEntry], answer: EntriesAnswer) -> list[Settlement]:
        """What the answer means for each entry of the batch; what it does not mention is sent again."""
        results = {result.id: result for result in answer.results}
        return [self._judge_one(item, results.get(item.entry.header.entry_id), answer.epoch) for item in part]

    def _judge_one(self, item: LeasedEntry, result: EntryResult | None, epoch: str) -> Settlement:
        entry_id = item.entry.header.entry_id
        assert self._enrolment is not None and self._platform_key is not None
        try:
            if result is None:
                raise SignatureFault("not mentioned")
            token = verified_token(item.entry, result, self._enrolment.terminal_id, epoch, self._platform_key)
        except SignatureFault as fault:
            log.warning("entry %s: no valid acknowledgement (%s)", entry_id, fault)
            return Released(
                entry_id=entry_id, retry_in_s=min(self._retry_cap_s, 2.0 ** min(item.attempts, 20))
            )
        if result.result in (Result.STORED, Result.DUPLICATE):
            return Acknowledged(entry_id=entry_id, token=token.encode("ascii"), platform_state=result.state)
        reason = ParkReason.REJECTED if result.result is Result.REJECTED else ParkReason.QUARANTINED
        if result.reason is Reason.CONFLICT:
            reason = ParkReason.CONFLICT
        return Parked(entry_id=entry_id, reason=reason, detail=result.reason.value)

    def _tell_delivered(self, leased: Sequence[LeasedEntry], settlements: Sequence[Settlement]) -> None:
        acknowledged = {one.entry_id: one for one in settlements if isinstance(one, Acknowledged)}
        pairs = [(item, acknowledged.get(item.entry.header.entry_id)) for item in leased]
        self._on_delivered([(item, one) for item, one in pairs if one is not None])


def _is_poison(error: PlatformError) -> bool:
    """Whether a part of the batch, and not the line, is the trouble."""
    if isinstance(error, Refused):
        return error.status in _POISON
    return error.fault is LineFault.TOO_LARGE


def _park(refused: Sequence[tuple[LeasedEntry, Refused]]) -> list[Settlement]:
    return [
        Parked(entry_id=item.entry.header.entry_id, reason=ParkReason.REJECTED, detail=refusal.word)
        for item, refusal in refused
    ]
