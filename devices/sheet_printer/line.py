"""A TCP line, bare or under TLS, whose every call ends at one deadline or when `cancel` is set."""

from __future__ import annotations

import hashlib
import io
import select
import socket
import ssl
import threading
from enum import StrEnum
from typing import Any, Final

from kiosk.clock import Clock

_LOOK_S: Final = 0.1
"""How late a cancel is noticed."""
_CONNECT_S: Final = 3.0
_MOST_BYTES: Final = 8 * 1024 * 1024
"""Of one answer, with its heads and however it is cut into chunks: an honest one is a hundredth of that."""


class LinkFault(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    """Nobody listens at that address, or its name is not known."""
    LOST = "lost"
    """The connection ended in the middle."""
    LATE = "late"
    CANCELED = "canceled"
    NOT_IPP = "not_ipp"
    """Something answers that is no IPP server, or not at this path."""
    REFUSED = "refused"
    """It wants a name and a password, or forbids it."""
    NOT_TRUSTED = "not_trusted"
    """Its certificate is not the one that was agreed on."""


class Ended(Exception):
    """The line cannot be used any further."""

    def __init__(self, fault: LinkFault) -> None:
        self.fault = fault
        super().__init__(fault.value)


class Line:
    """One connection. Every method raises `Ended`; `close` alone never does."""

    def __init__(self, clock: Clock, deadline: float, cancel: threading.Event) -> None:
        self._clock = clock
        self.deadline, self.cancel = deadline, cancel
        self._socket: socket.socket | None = None

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def dial(self, host: str, port: int) -> None:
        """Connect to the first address of `host` that answers.

        A name is looked up without a deadline, as the system does it: give printers addresses, or names in
        /etc/hosts, where the name service may be away.
        """
        self._look()
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Ended(LinkFault.UNREACHABLE) from error
        for family, kind, protocol, _, address in addresses:
            try:
                candidate = socket.socket(family, kind, protocol)
            except OSError:
                continue  # the name has an address of a kind that this machine does not speak (no IPv6)
            if self._dial(candidate, address):
                return
        raise Ended(LinkFault.UNREACHABLE)

    def _dial(self, candidate: socket.socket, address: Any) -> bool:
        candidate.setblocking(False)
        poll = select.poll()
        poll.register(candidate, select.POLLOUT)
        limit = self._clock.monotonic() + _CONNECT_S
        connected = False
        try:
            candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            candidate.connect_ex(address)
            while self._clock.monotonic() < limit:
                self._look()
                if poll.poll(_LOOK_S * 1000):
                    connected = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
                    break
        except OSError:
            return False
        finally:
            if not connected:
                candidate.close()
        if connected:
            self._socket = candidate
        return connected

    def secure(self, host: str, certificate_sha256: str) -> None:
        """Begin TLS: the certificate is the one with that fingerprint, or, without one, vouched for by an
        authority that the system knows.
        """
        context = ssl.create_default_context()
        if certificate_sha256:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # its fingerprint is compared below, and says more
        plain, self._socket = self._open_socket(), None
        try:
            secure = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        except OSError as error:
            plain.close()
            raise Ended(LinkFault.LOST) from error
        self._socket = secure
        self._shake_hands(secure)
        certificate = secure.getpeercert(binary_form=True) or b""
        if certificate_sha256 and hashlib.sha256(certificate).hexdigest() != certificate_sha256:
            raise Ended(LinkFault.NOT_TRUSTED)

    def _shake_hands(self, secure: ssl.SSLSocket) -> None:
        while True:
            self._look()
            try:
                secure.do_handshake()
                return
            except TimeoutError:
                continue
            except ssl.SSLCertVerificationError as error:
                raise Ended(LinkFault.NOT_TRUSTED) from error
            except ssl.SSLError as error:
                raise Ended(LinkFault.NOT_IPP) from error
            except OSError as error:
                raise Ended(LinkFault.LOST) from error

    def send(self, data: bytes) -> None:
        """All of `data`."""
        view = memoryview(data)
        while view:
            self._look()
            try:
                view = view[self._open_socket().send(view) :]
            except TimeoutError:
                continue
            except OSError as error:
                raise Ended(LinkFault.LOST) from error

    def receive_into(self, buffer: Any) -> int:
        """What has come, 0 at the end of the line."""
        while True:
            self._look()
            try:
                return self._open_socket().recv_into(buffer)
            except TimeoutError:
                continue
            except OSError as error:
                raise Ended(LinkFault.LOST) from error

    def makefile(self, _mode: str) -> io.BufferedReader:
        """For `http.client.HTTPResponse`, which reads from a file."""
        return io.BufferedReader(_Incoming(self, _MOST_BYTES))

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise Ended(LinkFault.LOST)
        return self._socket

    def _look(self) -> None:
        if self.cancel.is_set():
            raise Ended(LinkFault.CANCELED)
        left = self.deadline - self._clock.monotonic()
        if left <= 0:
            raise Ended(LinkFault.LATE)
        if self._socket is not None:
            self._socket.settimeout(min(left, _LOOK_S))


class _Incoming(io.RawIOBase):
    """The receiving half as a file; closing it leaves the line open for the next question."""

    def __init__(self, line: Line, most_bytes: int) -> None:
        self._bounded, self._left = line, most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left <= 0:
            # A chunk of length -1 is read to the end of the line, which never comes.
            raise Ended(LinkFault.NOT_IPP)
        count = self._bounded.receive_into(buffer)
        self._left -= count
        return count
