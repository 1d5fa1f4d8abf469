"""Takes fingerprints with a module of the FPM, AS608 and ZFM family.

A template is gathered in one buffer, which the caller gets and wipes; what the kernel and the serial library
hand over in between cannot be wiped, it is freed.  Nothing is ever stored in the module: its own memory keeps
the last image and template until the next finger, or until its power is cut.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from devices.fingerprint.protocol import (
    BAD_IMAGES,
    MAX_TEMPLATE_BYTES,
    PACKET_BYTES,
    Code,
    Command,
    Kind,
    Packet,
    PacketReader,
    Parameters,
    command,
    data_packets,
    parameters_of,
    verify_password,
)
from devices.transport.byte_port import BytePort, Canceled, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus
from kiosk.ports import FingerprintFault, FingerprintReader, FingerprintTaken

_ANSWER_S = 0.4
_IMAGE_S = 1.0
"""Looking through the window, and making a template of what was seen."""
_AFTER_S = 0.9
"""What a command may take beyond its time, within the second that the port allows."""
_LOOK_EVERY_S = 0.1
_MATCH_S = 4.0
_SLOW_MODULE_S, _ONE_WAIT_S = 1.5, 1.0
"""What a finger may take at 9600 baud, and how long a finger is waited for in any case."""
_QUIET_S = 0.06
"""No module pauses for so long in the middle of what it sends."""
_TRIES = 3
_BUFFERS = (1, 2)


class _NoAnswer(Exception):
    """The module did not answer in time, or not what a module can answer."""


class FingerprintModule(FingerprintReader):
    """One module on a serial line."""

    def __init__(self, port: BytePort, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._port = port
        self._reader = PacketReader()
        self._waiting: list[Packet] = []
        self._parameters: Parameters | None = None
        self._tells_parameters = True
        self._deadline = 0.0
        self._cancel: threading.Event | None = None

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        self._tells_parameters = True
        try:
            self._port.open()
            self._begin(2 * _ANSWER_S, None)
            self._synchronise_or_learn()
            code = self._acknowledged(verify_password(), _ANSWER_S)
        except PortLost as lost:
            return lost_status(lost.fault)
        except _NoAnswer:
            self.close()
            return DeviceStatus(state=DeviceState.OFFLINE)
        if code is Code.OK:
            return DeviceStatus(state=DeviceState.ONLINE)
        self.close()
        locked = code is Code.WRONG_PASSWORD
        return DeviceStatus(
            state=DeviceState.HARDWARE_ERROR if locked else DeviceState.OFFLINE,
            detail=DeviceDetail.NOT_LICENSED if locked else DeviceDetail.WRONG_DEVICE,
        )

    def close(self) -> None:
        """See `DevicePort`."""
        self._forget()
        self._port.close()

    def status(self) -> DeviceStatus:
        """See `DevicePort`."""
        try:
            self._begin(2 * _ANSWER_S, None)
            self._synchronise()
        except PortLost as lost:
            return lost_status(lost.fault)
        except _NoAnswer:
            self.close()
            return DeviceStatus(state=DeviceState.OFFLINE)
        return DeviceStatus(state=DeviceState.ONLINE)

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`: modules tell a number of their system, no name."""
        told = self._parameters
        return DeviceCapabilities(model="" if told is None else f"{told.system:04X}")

    # -- taking ----------------------------------------------------------------------------------------

    def take(self, timeout_s: float, cancel: threading.Event) -> FingerprintTaken | FingerprintFault:
        """See `FingerprintReader`."""
        # Of a long time the end is kept for a finger that comes late: a slow module needs it.
        kept_s = min(_SLOW_MODULE_S, max(timeout_s - _ONE_WAIT_S, 0.0))
        deadline = self._clock.monotonic() + timeout_s - kept_s
        self._begin(timeout_s + _AFTER_S, cancel)
        try:
            for _ in range(_TRIES):
                try:
                    return self._take(deadline, cancel)
                except _NoAnswer:
                    continue
        except Canceled:
            return FingerprintFault.CANCELED
        except PortLost:
            pass
        finally:
            self._forget()
        return FingerprintFault.NO_ANSWER

    def _take(self, deadline: float, cancel: threading.Event) -> FingerprintTaken | FingerprintFault:
        # An acknowledgement that was still under way would be taken for that of the next command, and the
        # template of whoever was there before for that of this finger.
        self._synchronise()
        while (code := self._acknowledged(command(Command.GET_IMAGE), _IMAGE_S)) is Code.NO_FINGER:
            if self._clock.monotonic() + _LOOK_EVERY_S >= deadline:
                return FingerprintFault.NO_FINGER
            self._clock.wait(cancel, _LOOK_EVERY_S)
        if code is Code.OK:
            code = self._acknowledged(command(Command.MAKE_TEMPLATE, _BUFFERS[0]), _IMAGE_S)
        if code in BAD_IMAGES:
            return FingerprintFault.BAD_IMAGE
        if code is not Code.OK:
            raise _NoAnswer
        template = self._fetch_twice(_BUFFERS[0])
        return FingerprintTaken(template=template) if any(template) else FingerprintFault.BAD_IMAGE

    # -- comparing -------------------------------------------------------------------------------------

    def matches(self, first: bytes | bytearray, second: bytes | bytearray) -> bool | None:
        """See `FingerprintReader`. The module is believed only when it holds what it was given."""
        if not first or not second:
            return None
        self._begin(_MATCH_S, None)
        try:
            self._synchronise()
            for buffer, template in zip(_BUFFERS, (first, second), strict=True):
                if not self._lay_down(buffer, template):
                    return None
            code = self._acknowledged(command(Command.MATCH), _IMAGE_S)
        except (_NoAnswer, PortLost):
            return None
        finally:
            self._forget()
        return {Code.OK: True, Code.NO_MATCH: False}.get(code) if isinstance(code, Code) else None

    def _lay_down(self, buffer: int, template: bytes | bytearray) -> bool:
        """Give a template to the module, and look whether it arrived: nothing acknowledges the data."""
        if self._acknowledged(command(Command.TAKE_TEMPLATE, buffer), _ANSWER_S) is not Code.OK:
            return False
        size = self._parameters.packet_bytes if self._parameters is not None else min(PACKET_BYTES.values())
        self._send(data_packets(template, size))
        self._synchronise()
        held = self._fetch(buffer)
        arrived = held == template
        held[:] = bytes(len(held))
        return arrived

    # -- the line --------------------------------------------------------------------------------------

    def _begin(self, within_s: float, cancel: threading.Event | None) -> None:
        self._deadline = self._clock.monotonic() + within_s
        self._cancel = cancel

    def _forget(self) -> None:
        for waiting in self._waiting:
            waiting.wipe()
        self._waiting.clear()
        self._reader.forget()

    def _synchronise(self) -> None:
        """Make sure that nothing of an earlier command is still under way. Raises `_NoAnswer`."""
        self._forget()
        self._port.drop_input()
        if not self._tells_parameters:
            self._fall_quiet()
            if self._acknowledged(verify_password(), _ANSWER_S) is not Code.OK:
                raise _NoAnswer
            return
        self._send([command(Command.READ_PARAMETERS)])
        by = self._clock.monotonic() + _ANSWER_S
        while True:
            found = parameters_of(self._next(Kind.ACKNOWLEDGE, by).content)
            if found is not None:
                self._parameters = found
                return

    def _synchronise_or_learn(self) -> None:
        """As `_synchronise`; a module that answers, and not with its parameters, is never asked for them again."""
        try:
            self._synchronise()
        except _NoAnswer:
            self._begin(2 * _ANSWER_S, None)
            self._tells_parameters = False
            self._synchronise()

    def _fall_quiet(self) -> None:
        """Wait until nothing more comes of an earlier command. Raises `_NoAnswer`."""
        while self._port.read_some(min(self._clock.monotonic() + _QUIET_S, self._deadline), self._cancel):
            if self._clock.monotonic() >= self._deadline:
                raise _NoAnswer

    def _acknowledged(self, asked: bytes, within_s: float) -> Code | int:
        """How a command ended. Raises `_NoAnswer`."""
        self._send([asked])
        content = self._next(Kind.ACKNOWLEDGE, self._clock.monotonic() + within_s).content
        try:
            return Code(content[0])
        except ValueError:
            return content[0]

    def _fetch_twice(self, buffer: int) -> bytearray:
        """As `_fetch`, and again: data packets have no numbers, one that is lost whole would not be missed."""
        template = self._fetch(buffer)
        try:
            again = self._fetch(buffer)
            same = again == template
            again[:] = bytes(len(again))
        except BaseException:
            template[:] = bytes(len(template))
            raise
        if not same:
            template[:] = bytes(len(template))
            raise _NoAnswer
        return template

    def _fetch(self, buffer: int) -> bytearray:
        """The template in one of the module's buffers. Raises `_NoAnswer` unless all of it came."""
        noise = self._reader.noise_bytes
        if self._acknowledged(command(Command.SEND_TEMPLATE, buffer), _ANSWER_S) is not Code.OK:
            raise _NoAnswer
        parts: list[Packet] = []
        try:
            while not parts or parts[-1].kind != Kind.LAST_DATA:
                parts.append(self._next(None, self._clock.monotonic() + _IMAGE_S))
                whole = parts[-1].kind in (Kind.DATA, Kind.LAST_DATA) and self._reader.noise_bytes == noise
                # A packet with a wrong sum is dropped: what is left of the template would be one with a hole.
                if not whole or sum(len(part.content) for part in parts) > MAX_TEMPLATE_BYTES:
                    raise _NoAnswer
            # In one piece of the final size: a buffer that grows leaves copies of itself behind.
            template = bytearray(sum(len(part.content) for part in parts))
            at = 0
            for part in parts:
                template[at : at + len(part.content)] = part.content
                at += len(part.content)
            return template
        finally:
            for part in parts:
                part.wipe()

    def _send(self, packets: Iterable[bytes]) -> None:
        for one in packets:
            if self._port.write_some(one, self._deadline, self._cancel) < len(one):
                raise _NoAnswer

    def _next(self, kind: Kind | None, by: float) -> Packet:
        """The next packet (of a kind; others are dropped). Raises `_NoAnswer`."""
        by = min(by, self._deadline)
        while True:
            while self._waiting:
                found = self._waiting.pop(0)
                if kind is None or found.kind == kind:
                    return found
                found.wipe()
            data = self._port.read_some(by, self._cancel)
            if not data:
                raise _NoAnswer
            self._waiting += self._reader.feed(data)
            if self._clock.monotonic() >= by and not self._waiting:
                raise _NoAnswer
