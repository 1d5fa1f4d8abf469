"""Hears what a barcode scanner on a line sends, and tells it when to look where it obeys commands.

A scanner without a trigger looks by itself, always; it cannot be asked anything, and what it sees outside a
session is thrown away unread.  One with a trigger is started when a session listens and stopped when it
no longer does; it is online only while it answers.
"""

from __future__ import annotations

import threading
from collections import deque

from devices.scanner.protocol import SILENCE_S
from devices.scanner.stream import Heard, ScannerStream
from devices.scanner.trigger import LANGUAGES
from devices.transport.byte_port import BytePort, Canceled, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.device_settings import Suffix, Trigger
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus
from kiosk.ports import BarcodeScanner, NotScanned, Scan

ANSWER_S = 0.4
"""How long an answer may take; the slowest seen needs 50 ms."""
_PROBES = 2
"""A scanner that sleeps loses the first command that wakes it."""
LOOK_AGAIN_S = 2.0
"""A scanner stops looking by itself after a time that it was set to, 3 s and more."""
_ASK_AGAIN_S = 10.0
"""How long a scanner that nobody uses is believed to be there."""
_WRITE_S = 0.3


class SerialScanner(BarcodeScanner):
    """A scanner on a line."""

    def __init__(
        self,
        port: BytePort,
        suffix: Suffix = Suffix.ANY,
        aim_identifier: bool = False,
        clock: Clock | None = None,
        trigger: Trigger = Trigger.NONE,
    ) -> None:
        self._clock = clock or SystemClock()
        self._port = port
        self._stream = ScannerStream(suffix, aim_identifier, trigger)
        self._language = LANGUAGES.get(trigger)
        self._found: deque[Scan | NotScanned] = deque()
        self._obeys = True
        self._looking_since: float | None = None
        self._heard_at = 0.0
        self._unanswered_since: float | None = None

    def open(self) -> DeviceStatus:
        """See `DevicePort`. A scanner that is set to obey and does not answer is not online."""
        try:
            self._port.open()
            self._begin_anew()
            if self._language is not None and not any(self._probe() for _ in range(_PROBES)):
                return self._give_up()
        except PortLost as lost:
            return lost_status(lost.fault)
        return self._online()

    def close(self) -> None:
        """See `DevicePort`."""
        try:
            self._stop_looking()
        except PortLost:
            pass  # a scanner that is gone looks at nothing
        self._port.close()

    def status(self) -> DeviceStatus:
        """See `DevicePort`. A scanner that only sends cannot be asked: online means its port is there."""
        try:
            self._port.check()
            if self._language is not None and not self._answers():
                return self._give_up()
        except PortLost as lost:
            return lost_status(lost.fault)
        return self._online()

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        return DeviceCapabilities()

    def next_scan(self, timeout_s: float, cancel: threading.Event) -> Scan | NotScanned | None:
        """See `BarcodeScanner`."""
        deadline = self._clock.monotonic() + timeout_s
        try:
            while not self._found:
                self._keep_looking()
                now = self._clock.monotonic()
                until = min(deadline, now + SILENCE_S) if self._stream.pending else deadline
                self._take(self._port.read_some(until, cancel))
                if self._clock.monotonic() >= deadline:
                    break
            if self._found:
                self._looking_since = None  # a scanner that has read a code has stopped looking
                return self._found.popleft()
        except Canceled:
            self.forget()
        except PortLost:
            pass  # the device thread notices at its next question
        return None

    def forget(self) -> None:
        """See `BarcodeScanner`."""
        try:
            self._stop_looking()
            self._port.drop_input()
        except PortLost:
            pass  # the device thread notices at its next question
        self._stream.forget()
        self._found.clear()

    def _begin_anew(self) -> None:
        self._stream.forget()
        self._found.clear()
        self._obeys = True
        self._looking_since = self._unanswered_since = None

    def _online(self) -> DeviceStatus:
        if self._obeys:
            return DeviceStatus(state=DeviceState.ONLINE)
        return DeviceStatus(state=DeviceState.ONLINE, detail=DeviceDetail.TRIGGER_REFUSED)

    def _give_up(self) -> DeviceStatus:
        self._port.close()
        return DeviceStatus(state=DeviceState.OFFLINE)

    def _take(self, data: bytes) -> Heard:
        now = self._clock.monotonic()
        heard = self._stream.feed(data, now) if data else self._stream.quiet(now)
        self._found += heard.scans
        if heard.owed:
            self._port.write_some(heard.owed, now + _WRITE_S)
        if heard.replies:
            self._unanswered_since = None
            self._heard_at = now
        if heard.scans:
            self._heard_at = now
        if self._language is not None and self._language.start_is_answered:
            self._obeys = self._obeys and all(reply.done for reply in heard.replies)
        return heard

    def _say(self, command: bytes) -> None:
        self._port.write_some(command, self._clock.monotonic() + _WRITE_S)

    def _keep_looking(self) -> None:
        """Tell the scanner to look, now and again for as long as it is wanted."""
        if self._language is None or not self._obeys:
            return
        now = self._clock.monotonic()
        if self._looking_since is not None and now - self._looking_since < LOOK_AGAIN_S:
            return
        self._say(self._language.start)
        self._looking_since = now
        if self._language.start_is_answered and self._unanswered_since is None:
            self._unanswered_since = now

    def _stop_looking(self) -> None:
        if self._looking_since is not None and self._language is not None:
            self._looking_since = None
            self._say(self._language.stop)

    def _answers(self) -> bool:
        """Whether the scanner still answers; asks one that has been quiet for long and is not at work."""
        now = self._clock.monotonic()
        if self._unanswered_since is not None and now - self._unanswered_since >= ANSWER_S:
            return self._probe(in_session=True)
        if self._looking_since is None and now - self._heard_at >= _ASK_AGAIN_S:
            return any(self._probe() for _ in range(_PROBES))
        return True

    def _probe(self, in_session: bool = False) -> bool:
        """Ask the scanner whether it is there. What it shows outside a session belongs to nobody."""
        assert self._language is not None
        self._looking_since = None
        self._say(self._language.probe)
        deadline = self._clock.monotonic() + ANSWER_S
        answered = False
        while not answered and self._clock.monotonic() < deadline:
            answered = bool(self._take(self._port.read_some(deadline)).replies)
        if not in_session:
            self._found.clear()
        return answered
