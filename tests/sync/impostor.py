"""Something that listens where the platform should be, and a client that believes it."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import LineFault, PlatformError
from sync.heartbeat_wire import HeartbeatAnswer, HeartbeatRequest
from sync.platform_client import Limits, PlatformClient
from sync.signing import SignedAnswer, SignedRequest, sign_answer
from tests.sync.loopback_server import LoopbackServer

QUICK = Limits(connect_s=1.0, read_s=1.0, whole_s=2.0)
"""Deadlines short enough for a test, long enough for a busy machine."""
GOOD = json.dumps({"epoch": "e1", "high_water": 0, "inbox_head": 0}).encode()
BEAT = HeartbeatRequest(version="0.1.0", pending=0, parked=0, uptime_s=1.0)
JSON = {"content-type": "application/json"}


def beat(client: PlatformClient) -> HeartbeatAnswer:
    return client.heartbeat(BEAT, 0)


def fault_of(client: PlatformClient) -> LineFault:
    with pytest.raises(PlatformError) as caught:
        beat(client)
    return caught.value.fault


Behaviour = Callable[[socket.socket, SignedRequest], None]


class Impostor(LoopbackServer):
    """Something that listens where the platform should be. `behave` answers each request as it likes."""

    def __init__(self) -> None:
        self.signing_key = Ed25519PrivateKey.generate()
        self.requests: list[SignedRequest] = []
        self.behave: Behaviour = lambda connection, request: None
        super().__init__()

    def enrolment(self) -> Enrolment:
        """What a terminal believes that was enrolled with the platform whose key this one holds."""
        return Enrolment(
            terminal_id="t1",
            terminal_number="100001",
            region_code="370508",
            sealing_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
            signing_key=self.signing_key.public_key().public_bytes_raw(),
        )

    def signed(
        self,
        request: SignedRequest,
        body: bytes,
        status: int = 200,
        content_type: str = "application/json",
        key: Ed25519PrivateKey | None = None,
        encoding: str | None = None,
    ) -> bytes:
        """A whole answer, signed as the platform would."""
        headers = {"content-type": content_type}
        if encoding:
            headers["content-encoding"] = encoding
        answer = SignedAnswer(status, headers, request)
        sign_answer(answer, body, key or self.signing_key, datetime.now(UTC))
        return unsigned(body, status, answer.headers)

    def serve(self, near: socket.socket) -> None:
        with contextlib.suppress(ValueError), near.makefile("rb") as stream:
            while first := stream.readline():
                method, target, _ = first.decode("ascii").split(" ")
                headers = {}
                while (raw := stream.readline().strip()) != b"":
                    name, _, value = raw.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                stream.read(int(headers.get("content-length", "0")))
                request = SignedRequest(method, f"http://{headers['host']}{target}", headers)
                self.requests.append(request)
                self.behave(near, request)


def unsigned(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None, length: int | None = None
) -> bytes:
    """An answer that nobody signed; `length` is what it announces."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in (headers or {"content-type": "application/json"}).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    server = Impostor()
    yield server
    server.close()


@pytest.fixture
def fooled_client(impostor: Impostor) -> Iterator[PlatformClient]:
    """A client that talks to the impostor and believes in the key that the impostor holds."""
    client = PlatformClient(
        PlatformSettings(url=impostor.url), Ed25519PrivateKey.generate(), SystemClock(), QUICK
    )
    client.become(impostor.enrolment())
    yield client
    client.close()


@pytest.fixture
def fooled_terminal(impostor: Impostor, make_terminal: Callable[[str], Any]) -> Any:
    """A terminal that was enrolled with the impostor, as it believes."""
    terminal = make_terminal(impostor.url)
    terminal.journal.settings.set_enrolment(impostor.enrolment())
    return terminal
