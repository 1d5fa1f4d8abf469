"""The keeper of the line: enrols, sends heartbeats, fetches the inbox, and notices when the line comes back.

While the line is down this is the only thread that knocks, so one terminal is one knock; the relay waits
until it is told that somebody answered.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

from kiosk.clock import Clock
from kiosk.config import PlatformSettings
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.journal import Journal
from sync.backoff import Backoff, reconnect_delay_s
from sync.chores import Chores
from sync.enrolment import enrol
from sync.heartbeat import Heartbeat
from sync.heartbeat_wire import HeartbeatAnswer
from sync.inbox_download import InboxDownload
from sync.journal_thread import Pulse, newest_sequence
from sync.line import ExchangeKind, Line
from sync.platform_client import SLOWEST_BYTES_PER_S, PlatformClient
from sync.slip_keys import tell_slip_key

log = logging.getLogger(__name__)

_FIRST_CHECK_S = 1.8
"""The very first check must tell online from offline within two seconds, on a dead line too."""
_CHECK_S = 10.0
_NOTHING_TO_DO_S = 3600.0
_OF_ONE_CALL = frozenset({LineFault.SERVER_TROUBLE, LineFault.NOT_THE_PLATFORM})
"""Of a call that follows a heartbeat which was answered: no reason why cases and look-ups should wait as well."""


class Keeper:
    """Keeps the line. `run` is the body of its thread; `wake` and `network_changed` may be called from any."""

    def __init__(
        self,
        client: PlatformClient,
        line: Line,
        clock: Clock,
        stopping: threading.Event,
        settings: PlatformSettings,
        heartbeat: Heartbeat,
        chores: Chores | None = None,
        *,
        bytes_in_flight: Callable[[], int] = lambda: 0,
        on_to_send: Callable[[], None] = lambda: None,
        on_catalogue: Callable[[str], None] = lambda newest: None,
    ) -> None:
        """`on_to_send` is called when old entries wait again, `on_catalogue` with the newest catalogue's digest."""
        self.pulse = Pulse(clock)
        self._client = client
        self._line = line
        self._clock = clock
        self._stopping = stopping
        self._settings = settings
        self._heartbeat = heartbeat
        self._chores = chores
        self._inbox = InboxDownload(client, clock)
        self._bytes_in_flight, self._on_to_send, self._on_catalogue = (
            bytes_in_flight,
            on_to_send,
            on_catalogue,
        )
        self._backoff = Backoff(settings.retry_cap_s)
        self._draw = random.SystemRandom()
        self._wake = threading.Event()
        self._network_changed = threading.Event()
        self._first = True
        self._enrolment: Enrolment | None = None
        self._spent_code = False

    def wake(self) -> None:
        """Look at the line now: something failed, or this terminal was enrolled, or the process ends."""
        self._wake.set()

    def network_changed(self) -> None:
        """The kernel says that the network is another one: worth a look, but not by a whole county at once."""
        self._network_changed.set()
        self._wake.set()

    def run(self, journal: Journal) -> None:
        """Check the line at once and then again and again, until `stopping`."""
        while not self._stopping.is_set():
            self._wake.clear()
            self.pulse.beat(within_s=120.0)
            pause_s = self._check(journal)
            self._pause(journal, self._clock.monotonic() + pause_s)
            if self._network_changed.is_set():
                self._hold_back()

    def _pause(self, journal: Journal, until_s: float) -> None:
        """Until then, or until somebody wakes us: the chores that fall due, one by one."""
        while not (self._stopping.is_set() or self._wake.is_set()):
            left_s = until_s - self._clock.monotonic()
            if left_s <= 0:
                return
            if self._chores is not None and self._enrolment is not None:
                self.pulse.beat(within_s=600.0)  # a backup of a large journal takes its time
                if self._chores.do_one(journal, self._enrolment, self._stopping):
                    continue
                left_s = min(left_s, max(self._chores.next_in_s(), 0.05))
            self.pulse.beat(within_s=left_s + 5.0)
            self._clock.wait(self._wake, left_s)

    def _hold_back(self) -> None:
        """A line that has been gone for long comes back for many at once: not all of them knock in that second."""
        self._network_changed.clear()
        delay_s = reconnect_delay_s(self._line.offline_for_s, self._settings.retry_cap_s)
        if delay_s and not self._stopping.is_set():
            self._wake.clear()
            self.pulse.beat(within_s=delay_s + 5.0)
            self._clock.wait(self._wake, delay_s)
        self._backoff.reset()

    def _check(self, journal: Journal) -> float:
        """One check; the pause until the next."""
        heard = False
        try:
            if not self._enrolled(journal):
                return _NOTHING_TO_DO_S
            answer = self._beat(journal)
            heard = True
            self._line.succeeded(ExchangeKind.HEARTBEAT)
            heeded = self._heartbeat.heed(journal, answer)
            self._line.note_standing(heeded.standing)
            self._on_catalogue(answer.catalogue)
            to_send = self._inbox.fetch(journal, answer.inbox_head, self._going_on)
            self._line.succeeded(ExchangeKind.INBOX)
            if to_send or heeded.sent_again:
                self._on_to_send()
            tell_slip_key(self._client, journal)
        except PlatformError as error:
            return self._failed(error, heard)
        # Not after the heartbeat: a platform that cannot do what follows it would be knocked at without a pause.
        self._backoff.reset()
        # Not to the second: terminals that were switched on together would knock together for ever.
        return self._settings.heartbeat_s * self._draw.uniform(0.9, 1.1)

    def _going_on(self) -> bool:
        self.pulse.beat(within_s=120.0)
        return not self._stopping.is_set()

    def _failed(self, error: PlatformError, heard: bool) -> float:
        if self._stopping.is_set():
            return 0.0
        if self._enrolment is None:
            self._line.not_enrolled(error.fault)
        elif not (heard and error.fault in _OF_ONE_CALL):
            self._line.failed(error.fault)
        if error.fault is LineFault.NOT_CONFIGURED:
            return _NOTHING_TO_DO_S
        if error.fault is LineFault.NOT_AUTHORISED:
            return self._backoff.not_authorised_s()
        return self._backoff.next_s(error.retry_after_s)

    def _enrolled(self, journal: Journal) -> bool:
        """Whether this terminal has a number; when it has none and a code is set, the code is used."""
        enrolment = journal.settings.enrolment()
        if enrolment is None:
            self._line.not_enrolled(None if self._settings.url else LineFault.NOT_CONFIGURED)
            if not self._settings.enrolment_code or self._spent_code or not self._settings.url:
                return False
            try:
                enrolment = enrol(self._client, journal, self._settings.enrolment_code)
            except PlatformError as error:
                # A wrong code stays wrong, and every try counts at the platform: only a person can go on.
                self._spent_code = error.fault is LineFault.REFUSED
                raise
        if enrolment != self._enrolment:
            self._enrolment = enrolment
            self._client.become(enrolment)
            self._line.enrolled(enrolment.terminal_number)
        return True

    def _beat(self, journal: Journal) -> HeartbeatAnswer:
        summary = journal.outbox.summary()
        self._line.note_queue(summary)
        message = self._heartbeat.compose(journal, summary)
        whole_s, self._first = (_FIRST_CHECK_S if self._first else _CHECK_S), False
        whole_s += self._bytes_in_flight() / SLOWEST_BYTES_PER_S  # a batch on its way fills a slow line
        return self._client.heartbeat(message, newest_sequence(journal), whole_s)
