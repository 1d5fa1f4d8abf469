"""Names to addresses, with a deadline, and the last address that proved good for when the name service is dead.

The C library's resolver cannot be told to hurry: a dead name server holds `getaddrinfo` for half a minute
and nothing ends it.  So it is asked in a thread of its own, one a name, and whoever waits gives up in time;
the thread's answer still counts for the next one who asks.  An address is remembered only after the platform
itself answered from it, and TLS checks the host's name and never the address, so a false answer of a name
service can delay a terminal but never lead it astray.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kiosk.clock import Clock

_WITH_AN_ANSWER_IN_HAND_S = 0.5
"""How long a name service is waited for when the address that was good last is known."""

LookUp = Callable[[str, int], "list[Address]"]
"""Asks for the addresses of a host; raises `OSError` when there is none. Blocks for as long as it likes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect to."""

    family: socket.AddressFamily
    where: Any
    """As `socket.connect` takes it."""


class NoAddress(OSError):
    """The name has no address, or nobody said in time and none is remembered."""


@dataclass(eq=False)
class _Asking:
    """A question to the name service that is on its way."""

    waiting: list[threading.Event] = field(default_factory=list)
    found: list[Address] | None = None


class Resolver:
    """The names that one process looks up. May be called from any thread."""

    def __init__(self, clock: Clock, look_up: LookUp | None = None) -> None:
        self._clock = clock
        self._look_up = look_up or system_look_up
        self._lock = threading.Lock()
        self._asking: dict[tuple[str, int], _Asking] = {}
        self._good: dict[tuple[str, int], Address] = {}

    def addresses(self, host: str, port: int, within_s: float, woken: threading.Event) -> list[Address]:
        """Addresses to try, in order, after at most `within_s`; setting `woken` ends the wait.

        The one that was good last comes first: an address family that leads nowhere is then not tried at all.
        Raises `NoAddress`.
        """
        literal = _literal(host, port)
        if literal is not None:
            return [literal]
        with self._lock:
            good = self._good.get((host, port))
        asking = self._ask(host, port, woken)
        self._clock.wait(woken, within_s if good is None else min(within_s, _WITH_AN_ANSWER_IN_HAND_S))
        with self._lock:
            if woken in asking.waiting:
                asking.waiting.remove(woken)
            found = list(asking.found or [])
        if good is not None:
            found = [good, *(address for address in found if address != good)]
        if not found:
            raise NoAddress(f"no address for {host}")
        return found

    def proved_good(self, host: str, port: int, address: Address) -> None:
        """The platform answered from there."""
        if _literal(host, port) is None:
            with self._lock:
                self._good[host, port] = address

    def _ask(self, host: str, port: int, woken: threading.Event) -> _Asking:
        with self._lock:
            asking = self._asking.get((host, port))
            if asking is not None:
                asking.waiting.append(woken)
                return asking
            asking = self._asking[host, port] = _Asking([woken])
        threading.Thread(
            target=self._look_up_now, args=(host, port, asking), name="platform-name", daemon=True
        ).start()
        return asking

    def _look_up_now(self, host: str, port: int, asking: _Asking) -> None:
        try:
            found = _by_turns(self._look_up(host, port))
        except (OSError, UnicodeError):
            found = []
        with self._lock:
            asking.found = found
            del self._asking[host, port]
            waiting, asking.waiting = asking.waiting, []
        for woken in waiting:
            woken.set()


def system_look_up(host: str, port: int) -> list[Address]:
    """What the system's resolver says; see `LookUp`."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Address(family, where) for family, _type, _protocol, _name, where in answers]


def _literal(host: str, port: int) -> Address | None:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    if address.version == 4:
        return Address(socket.AF_INET, (str(address), port))
    return Address(socket.AF_INET6, (str(address), port, 0, 0))


def _by_turns(addresses: list[Address]) -> list[Address]:
    """The families by turns (RFC 8305 §4): behind a dead IPv6 the first IPv4 address is the second try."""
    if not addresses:
        return []
    first = [address for address in addresses if address.family == addresses[0].family]
    others = [address for address in addresses if address.family != addresses[0].family]
    turns: list[Address] = []
    while first or others:
        turns += first[:1] + others[:1]
        first, others = first[1:], others[1:]
    return turns
