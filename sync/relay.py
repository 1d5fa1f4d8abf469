"""The relay: outbox → platform, in batches, until every entry is acknowledged or parked with a reason.

An entry leaves the outbox only on an acknowledgement that the platform signed for exactly these bytes.
This thread alone touches the journal: it leases, and settles what comes back in the order in which it comes.
On a quick line others are on their way, each on a connection of its own, while one is answered and written down
(`sync.delivery`); how large they are is learned from the line (`sync.batch_size`).
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kiosk.clock import Clock
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged, LeasedEntry, Settlement
from sync.backoff import Backoff
from sync.batch_size import BatchSize
from sync.commit_pace import CommitPace
from sync.delivery import Delivered, Delivery
from sync.journal_thread import Pulse, newest_sequence
from sync.line import ExchangeKind, Line
from sync.platform_client import PlatformClient

log = logging.getLogger(__name__)

BATCHES_AT_ONCE = 3
"""One is made or written down here, one travels, one is with the platform: more than three wait in a queue."""
LEASE_S = 10.0
"""How long a batch stays with a sender that died.

Shorter than a slow exchange may last, on purpose: this thread is the only sender and leases nothing more
while one of its own leases may run out, so one that does harms nothing, while a process that was killed in
the middle of a batch is back at once and must not wait a minute for its own entries.
"""
_LEASE_BESIDE_S = LEASE_S / 2
"""A batch that is on its way for longer has no other leased beside it."""
_SLOW_POLL_S = 30.0
_LEASED_POLL_S = 2.0
"""The pause while something is leased that this process does not hold: its lease will run out."""
_LONGEST_S = 3600.0
"""Longer than any batch can be on its way, by the deadlines of its exchanges."""
_SMALL_BYTES = 32 * 1024
_SEARCH_AFTER = 3
"""Failures in a row, with a heartbeat that went well among them: it may be something in the batch."""

Told = Callable[[Sequence[tuple[LeasedEntry, Acknowledged]]], None]


@dataclass(slots=True)
class _OnTheWay:
    """The batches that are being delivered, and those that have come back."""

    idle: list[Delivery]
    arrived: queue.SimpleQueue[tuple[Delivery, Delivered | BaseException]] = field(
        default_factory=queue.SimpleQueue
    )
    since_s: dict[Delivery, float] = field(default_factory=dict)


class Relay:
    """Sends. `run` is the body of its thread; the other methods may be called from any."""

    def __init__(
        self,
        clients: Sequence[PlatformClient],
        line: Line,
        clock: Clock,
        stopping: threading.Event,
        *,
        batch: int,
        retry_cap_s: float,
        on_delivered: Told = lambda delivered: None,
        on_failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Each of `clients` carries one batch at a time."""
        self.pulse = Pulse(clock)
        self.size = BatchSize(batch)
        self._deliveries = [Delivery(each, clock, retry_cap_s) for each in clients]
        self._line = line
        self._clock = clock
        self._stopping = stopping
        self._retry_cap_s = retry_cap_s
        self._backoff = Backoff(retry_cap_s)
        self._on_delivered = on_delivered
        self._on_failed = on_failed
        self._wake = threading.Event()
        self._failures = 0
        self._failing_since_s = 0.0
        self._not_before = 0.0
        self._pace = CommitPace(clock, stopping)
        self._enrolment: Enrolment | None = None

    @property
    def bytes_in_flight(self) -> int:
        """What is on its way; others on the same line must be patient meanwhile."""
        return sum(delivery.client.bytes_in_flight for delivery in self._deliveries)

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
        for delivery in self._deliveries:
            if 0 < delivery.client.bytes_in_flight <= _SMALL_BYTES:
                delivery.client.begin_again()
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
        way = _OnTheWay(idle=list(self._deliveries))
        try:
            return self._drain(journal, way)
        finally:
            # After a fault of the journal too: whoever drains next finds the connections free.
            while way.since_s:
                del way.since_s[way.arrived.get(timeout=_LONGEST_S)[0]]

    def _drain(self, journal: Journal, way: _OnTheWay) -> PlatformError | None:
        error: PlatformError | None = None
        while True:
            if error is None:
                self._send_off(journal, way)
            if not way.since_s:
                return error
            delivery, came = way.arrived.get(timeout=_LONGEST_S)
            del way.since_s[delivery]
            way.idle.insert(0, delivery)
            if isinstance(came, BaseException):
                raise came
            self._write_down(journal, came)
            error = error or came.error

    def _send_off(self, journal: Journal, way: _OnTheWay) -> None:
        """Lease and send as many batches as may be on their way at once."""
        while way.idle and not self._stopping.is_set() and self._may_lease(way):
            leased = self._lease(journal)
            if not leased:
                return
            delivery = way.idle[0]
            arguments = (delivery, leased, newest_sequence(journal), way.arrived)
            since_s = self._clock.monotonic()
            alone = not way.since_s and not (len(way.idle) > 1 and self.size.side_by_side)
            if alone:
                self._deliver(*arguments)  # nothing else to do meanwhile
            else:
                name = f"batch-{self._deliveries.index(delivery)}"
                threading.Thread(target=self._deliver, args=arguments, name=name, daemon=True).start()
            way.idle.remove(delivery)
            way.since_s[delivery] = since_s
            if alone:
                return

    def _may_lease(self, way: _OnTheWay) -> bool:
        if not way.since_s:
            return True
        if self._pace.gives_way:  # whoever records needs the processor too
            return False
        oldest_s = self._clock.monotonic() - min(way.since_s.values())
        return self.size.side_by_side and oldest_s < _LEASE_BESIDE_S

    def _deliver(
        self,
        delivery: Delivery,
        leased: Sequence[LeasedEntry],
        sequence: int,
        arrived: queue.SimpleQueue[tuple[Delivery, Delivered | BaseException]],
    ) -> None:
        try:
            came = delivery.deliver(
                leased, sequence, lambda: self.pulse.beat(within_s=600.0), searching=self._is_searching
            )
            arrived.put((delivery, came))
        except BaseException as bug:  # noqa: BLE001 - raised again by the thread that waits for it
            arrived.put((delivery, bug))

    def _write_down(self, journal: Journal, came: Delivered) -> None:
        """Settle a batch that came back, learn from it, and tell the others."""
        self._settle(journal, came.settlements)
        if came.too_large:
            self.size.too_large()
        elif came.error is None:
            self.size.took(came.took_s, len(came.leased), came.sealed_bytes)
        elif came.error.fault is LineFault.TIMED_OUT:
            self.size.timed_out()
        self._line.note_queue(journal.outbox.summary())
        self._tell_delivered(came)
        if came.error is None:
            self._line.succeeded(ExchangeKind.ENTRIES)
            self._failures = 0
            self._backoff.reset()

    def _lease(self, journal: Journal) -> list[LeasedEntry]:
        """A batch, in one short commit: its bodies are read when the others can write again."""
        with self._pace.commit(journal):
            most = self._pace.entries(self.size.entries)
            return journal.outbox.lease(most, self.size.sealed_bytes, LEASE_S)

    def _settle(self, journal: Journal, settlements: Sequence[Settlement]) -> None:
        """In commits of a few milliseconds, with a pause between them: whoever records meanwhile gets in."""
        done = 0
        while done < len(settlements):
            some = settlements[done : done + self._pace.rows(len(settlements))]
            with self._pace.commit(journal, len(some)):
                journal.outbox.settle(some)
            done += len(some)

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

    @property
    def _is_searching(self) -> bool:
        """Whether it looks as if one entry, and not the line, were the trouble."""
        return self._failures >= _SEARCH_AFTER and self._line.has_succeeded_since(
            ExchangeKind.HEARTBEAT, self._failing_since_s
        )

    def _failed(self, error: PlatformError) -> float:
        if not self._failures:
            self._failing_since_s = self._clock.monotonic()
        self._failures += 1
        if error.fault is LineFault.NOT_AUTHORISED:
            pause_s = self._backoff.not_authorised_s()
        else:
            pause_s = self._backoff.next_s(error.retry_after_s)
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
            for delivery in self._deliveries:
                delivery.become(enrolment)
            self._not_before = 0.0
        return enrolment is not None

    def _tell_delivered(self, came: Delivered) -> None:
        acknowledged = {one.entry_id: one for one in came.settlements if isinstance(one, Acknowledged)}
        pairs = [(item, acknowledged.get(item.entry.header.entry_id)) for item in came.leased]
        self._on_delivered([(item, one) for item, one in pairs if one is not None])
