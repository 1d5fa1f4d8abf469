"""The keeper of the line: enrols, sends heartbeats, fetches the inbox, and notices when the line comes back.

While the line is down this is the only thread that knocks, so one terminal is one knock; the relay waits
until it is told that somebody answered.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kiosk.clock import Clock
from kiosk.config import PlatformSettings
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import LineFault, PlatformError
from kiosk.journal.inbox import InboxMessage
from kiosk.journal.journal import Journal
from kiosk.journal.settings import SettingKey
from sync.backoff import Backoff
from sync.enrolment import enrol
from sync.journal_thread import Pulse, newest_sequence
from sync.line import ExchangeKind, Line
from sync.platform_client import SLOWEST_BYTES_PER_S, VERSION, PlatformClient
from sync.slip_keys import tell_slip_key
from sync.wire import HeartbeatAnswer, HeartbeatRequest
from sync.wire import InboxMessage as WireMessage

log = logging.getLogger(__name__)

_FIRST_CHECK_S = 1.8
"""The very first check must tell online from offline within two seconds, on a dead line too."""
_CHECK_S = 10.0
_AUTH_PAUSES = 10
_NOTHING_TO_DO_S = 3600.0


class Keeper:
    """Keeps the line. `run` is the body of its thread; `wake` may be called from any."""

    def __init__(
        self,
        client: PlatformClient,
        line: Line,
        clock: Clock,
        stopping: threading.Event,
        settings: PlatformSettings,
        state_dir: Path,
        bytes_in_flight: Callable[[], int] = lambda: 0,
    ) -> None:
        self.pulse = Pulse(clock)
        self._client = client
        self._line = line
        self._clock = clock
        self._stopping = stopping
        self._settings = settings
        self._state_dir = state_dir
        self._bytes_in_flight = bytes_in_flight
        self._backoff = Backoff(settings.retry_cap_s)
        self._wake = threading.Event()
        self._started = clock.monotonic()
        self._first = True
        self._enrolment: Enrolment | None = None
        self._spent_code = False

    def wake(self) -> None:
        """Look at the line now: something failed, or this terminal was enrolled, or the process ends."""
        self._wake.set()

    def run(self, journal: Journal) -> None:
        """Check the line at once and then again and again, until `stopping`."""
        while not self._stopping.is_set():
            self._wake.clear()
            self.pulse.beat(within_s=120.0)
            pause_s = self._check(journal)
            self.pulse.beat(within_s=pause_s + 5.0)
            self._clock.wait(self._wake, pause_s)

    def _check(self, journal: Journal) -> float:
        """One check; the pause until the next."""
        try:
            if not self._enrolled(journal):
                return _NOTHING_TO_DO_S
            answer = self._heartbeat(journal)
            self._backoff.reset()
            self._line.succeeded(ExchangeKind.HEARTBEAT)
            self._remember(journal, answer)
            tell_slip_key(self._client, journal)
            self._fetch_inbox(journal, answer.inbox_head)
        except PlatformError as error:
            return self._failed(error)
        return self._settings.heartbeat_s

    def _failed(self, error: PlatformError) -> float:
        if self._stopping.is_set():
            return 0.0
        if self._enrolment is None:
            self._line.not_enrolled(error.fault)
        else:
            self._line.failed(error.fault)
        if error.fault is LineFault.NOT_CONFIGURED:
            return _NOTHING_TO_DO_S
        if error.fault is LineFault.NOT_AUTHORISED:
            return self._settings.retry_cap_s * _AUTH_PAUSES
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

    def _heartbeat(self, journal: Journal) -> HeartbeatAnswer:
        summary = journal.outbox.summary()
        self._line.note_queue(summary)
        message = HeartbeatRequest(
            version=VERSION,
            pending=summary.pending + summary.leased,
            parked=summary.parked,
            oldest_unsent_s=summary.oldest_unsent_s,
            disk_free_bytes=_free_bytes(self._state_dir),
            uptime_s=max(self._clock.monotonic() - self._started, 0.0),
        )
        whole_s, self._first = (_FIRST_CHECK_S if self._first else _CHECK_S), False
        whole_s += self._bytes_in_flight() / SLOWEST_BYTES_PER_S  # a batch on its way fills a slow line
        return self._client.heartbeat(message, newest_sequence(journal), whole_s)

    def _remember(self, journal: Journal, answer: HeartbeatAnswer) -> None:
        epoch = answer.epoch.encode("ascii")
        if journal.settings.get(SettingKey.PLATFORM_EPOCH) != epoch:
            journal.settings.put(SettingKey.PLATFORM_EPOCH, epoch)

    def _fetch_inbox(self, journal: Journal, head: int) -> None:
        cursor = _number(journal.inbox.cursor())
        while cursor < head and not self._stopping.is_set():
            self.pulse.beat(within_s=120.0)
            answer = self._client.inbox(cursor, newest_sequence(journal))
            messages = [_kept(message, self._clock.now()) for message in answer.messages]
            before, cursor = cursor, max([cursor, *(message.number for message in answer.messages)])
            journal.inbox.store(messages, str(cursor))
            if not answer.more or cursor == before:  # "more" without anything new would go on for ever
                break
        self._line.succeeded(ExchangeKind.INBOX)


def _kept(message: WireMessage, now: datetime) -> InboxMessage:
    """The message as the journal keeps it; its state counts even where its time makes no sense."""
    try:
        said_at = datetime.fromisoformat(message.at)
        said_at = said_at.replace(tzinfo=said_at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        said_at = now
    return InboxMessage(
        message_id=str(message.number),
        receipt_number=message.receipt_number,
        said_at=said_at,
        platform_state=message.state,
    )


def _number(cursor: str) -> int:
    return int(cursor) if cursor.isdigit() else 0


def _free_bytes(folder: Path) -> int | None:
    try:
        room = os.statvfs(folder)
    except OSError:
        return None
    return room.f_bavail * room.f_frsize
