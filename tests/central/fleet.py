"""A county's terminals in one process: real keys, real sealed entries, real signatures, the real back-off.

Each does what a sync process does after an outage: it sends its batch until the platform acknowledged it, honours
what it is told about coming again, and tries anew after a dead connection or a lost answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.domain.entry import RecordedEntry, iso_utc
from sync.backoff import Backoff
from sync.batch import EntriesAnswer, to_batch
from sync.central.exchange import Platform
from sync.signing import SignedAnswer, SignedRequest, sign_request, verify_answer
from sync.wire import Result, decode, encode
from tests.invented_entries import chain

_ANSWER_S = 60.0
_RETRY_CAP_S = 300.0
_VERIFIED_SHARE = 0.05
"""To verify every answer would measure this process and not the platform."""


@dataclass
class FleetTerminal:
    """One terminal."""

    terminal_id: str
    number: str
    key: Ed25519PrivateKey
    entries: list[RecordedEntry] = field(default_factory=list)
    request: bytes = b""
    signed: SignedRequest | None = None
    attempts: int = 0
    delivered: bool = False
    results: list[Result] = field(default_factory=list)


def found_fleet(platform: Platform, count: int, each: int) -> list[FleetTerminal]:
    """Terminals that are enrolled already, with entries that wait; written to the table in one go."""
    sealing_key = platform.keys.sealing.public_key().public_bytes_raw()
    now = iso_utc(datetime.now(UTC))
    fleet, rows = [], []
    for place in range(count):
        number = f"{300000 + place:06d}"
        terminal = FleetTerminal(f"t{number}", number, Ed25519PrivateKey.generate())
        terminal.entries = chain(each, number, sealing_key)
        fleet.append(terminal)
        rows.append(
            (terminal.terminal_id, number, "370508", terminal.key.public_key().public_bytes_raw(), now)
        )
    with platform.store.transaction() as run:
        columns = ("terminal_id", "terminal_number", "region_code", "public_key", "enrolled_at")
        run.load("terminal", columns, rows)
    return fleet


@dataclass
class Crowd:
    """What the fleet saw."""

    statuses: Counter[str] = field(default_factory=Counter)
    returns: Counter[int] = field(default_factory=Counter)
    """Requests a second of those who come again because they were turned away and told when.

    Who lost its answer is not among them: the test takes the answers of hundreds away in the same second, and they
    try again as soon as a terminal does that is alone with a bad line.
    """
    waits_s: list[float] = field(default_factory=list)
    """From a request to its answer, of those that were heard."""
    began: float = field(default_factory=time.monotonic)
    took_s: float = 0.0


class FleetRun:
    """All of them at once against one address."""

    def __init__(
        self,
        url: str,
        platform_key: Ed25519PublicKey,
        lost_share: float = 0.03,
        meanwhile: Callable[[int], None] = lambda _: None,
        seed: int = 1,
    ) -> None:
        """`meanwhile` is told of every delivery, and may do harm to the platform."""
        self._meanwhile, self._done = meanwhile, 0
        self._address = urlsplit(url)
        self._url, self._platform_key, self._lost_share = url, platform_key, lost_share
        self._draw = random.Random(seed)
        self.crowd = Crowd()

    def prepare(self, fleet: list[FleetTerminal]) -> None:
        """Sign every first request beforehand, as ten thousand processors would at once."""
        for terminal in fleet:
            self._sign(terminal)

    def run(self, fleet: list[FleetTerminal], within_s: float) -> Crowd:
        """Let them all come in the same moment, and wait until each has delivered."""
        self.crowd = Crowd()
        try:
            asyncio.run(self._all(fleet, within_s))
        except TimeoutError:
            left = sum(1 for terminal in fleet if not terminal.delivered)
            raise AssertionError(f"{left} of {len(fleet)} never delivered: {self.crowd.statuses}") from None
        self.crowd.took_s = time.monotonic() - self.crowd.began
        return self.crowd

    async def _all(self, fleet: list[FleetTerminal], within_s: float) -> None:
        async with asyncio.timeout(within_s):
            await asyncio.gather(*(self._deliver(terminal) for terminal in fleet))

    async def _deliver(self, terminal: FleetTerminal) -> None:
        backoff, told = Backoff(_RETRY_CAP_S), False
        while not terminal.delivered:
            terminal.attempts += 1
            if told:
                self.crowd.returns[int(time.monotonic() - self.crowd.began)] += 1
            pause_s: float | None = None
            try:
                async with asyncio.timeout(_ANSWER_S):
                    status, headers, body = await self._exchange(terminal)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
                self.crowd.statuses[type(error).__name__] += 1
                self._sign(terminal)  # it may have been heard: the same nonce would be refused
            else:
                self.crowd.statuses[str(status)] += 1
                if status == 200:
                    self._settle(terminal, headers, body)
                    return
                assert status == 503, (status, body)
                pause_s = float(headers["retry-after"]) if "retry-after" in headers else None
            told = pause_s is not None
            await asyncio.sleep(backoff.next_s(pause_s))

    async def _exchange(self, terminal: FleetTerminal) -> tuple[int, dict[str, str], bytes]:
        started = time.monotonic()
        reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        try:
            writer.write(terminal.request)
            await writer.drain()
            if terminal.attempts == 1 and self._draw.random() < self._lost_share:
                await asyncio.sleep(self._draw.uniform(0.0, 0.5))
                raise ConnectionAbortedError  # the line is dead, and the answer with it
            status, headers, body = await _read(reader)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        if status == 200:
            self.crowd.waits_s.append(time.monotonic() - started)
        return status, headers, body

    def _settle(self, terminal: FleetTerminal, headers: dict[str, str], body: bytes) -> None:
        if self._draw.random() < _VERIFIED_SHARE:
            assert terminal.signed is not None
            verify_answer(SignedAnswer(200, headers, terminal.signed), body, self._platform_key)
        answer = decode(body, EntriesAnswer)
        terminal.results = [result.result for result in answer.results(terminal.entries)]
        assert answer.high_water == len(terminal.entries)
        terminal.delivered = True
        self._done += 1
        self._meanwhile(self._done)

    def _sign(self, terminal: FleetTerminal) -> None:
        body = encode(to_batch(terminal.entries, terminal.number))
        path = f"/v1/terminals/{terminal.terminal_id}/entries"
        request = SignedRequest(
            "POST",
            f"{self._url}{path}",
            {
                "host": self._address.netloc,
                "content-type": "application/json",
                "content-length": str(len(body)),
            },
        )
        sign_request(
            request,
            body,
            terminal.key,
            terminal.terminal_id,
            len(terminal.entries),
            datetime.now(UTC),
            ("content-type",),
        )
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
        terminal.request = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
        # As the platform will see them: names of headers are small there.
        request.headers = {name.lower(): value for name, value in request.headers.items()}
        terminal.signed = request


async def _read(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        if name:
            headers[name.lower()] = value.strip()
    return int(head[0].split(" ")[1]), headers, await reader.readexactly(int(headers["content-length"]))
