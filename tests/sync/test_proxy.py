"""A site whose network lets nothing out but through its proxy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kiosk.clock import SystemClock
from kiosk.config import PlatformSettings
from kiosk.errors import LineFault, PlatformError
from sync.heartbeat_wire import HeartbeatRequest
from sync.platform_client import Limits, PlatformClient
from tests.sync.loopback_server import LoopbackServer, pump
from tests.sync.tls_front import Authority, TlsFront, server_context

BEAT = HeartbeatRequest(version="0.1.0", pending=0, parked=0, uptime_s=1.0)
QUICK = Limits(connect_s=2.0, read_s=2.0, whole_s=4.0)


class SiteProxy(LoopbackServer):
    """An HTTP proxy (RFC 9110 §9.3.6 CONNECT, and absolute targets) that knows one name."""

    def __init__(self, names: dict[str, str]) -> None:
        self.asked: list[str] = []
        self._names = names
        super().__init__()

    def serve(self, near: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = near.recv(65536)
            if not data:
                return
            head += data
        method, target, version = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        self.asked.append(f"{method} {target}")
        parts = urlsplit(target if "://" in target else f"//{target}")
        address = self._names.get(parts.hostname or "")
        if address is None:
            near.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            return
        with socket.create_connection((address, parts.port or 80), timeout=5) as far:
            if method == "CONNECT":
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = f"{parts.path}?{parts.query}" if parts.query else parts.path
                far.sendall(f"{method} {path} {version}\r\n".encode() + head.split(b"\r\n", 1)[1])
            pump(near, far)


@pytest.fixture
def proxy() -> Iterator[SiteProxy]:
    made = SiteProxy({"platform.test": "127.0.0.1"})
    yield made
    made.close()


def client_of(terminal: Any, url: str, proxy: SiteProxy, ca_file: Path | None = None) -> PlatformClient:
    settings = PlatformSettings(url=url, proxy=proxy.url, ca_file=ca_file)
    client = PlatformClient(settings, terminal.key, SystemClock(), QUICK)
    client.become(terminal.journal.settings.enrolment())
    return client


def test_plain_http_through_the_sites_proxy(terminal: Any, platform_url: str, proxy: SiteProxy) -> None:
    """The platform's name is known to the proxy only."""
    port = platform_url.rpartition(":")[2]
    client = client_of(terminal, f"http://platform.test:{port}", proxy)
    assert client.heartbeat(BEAT, 0).epoch
    assert proxy.asked[0].startswith(f"POST http://platform.test:{port}/v1/terminals/")
    client.close()


@pytest.mark.fault(55)
def test_tls_goes_through_it_unopened(
    terminal: Any, platform_url: str, proxy: SiteProxy, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "authority")
    front = TlsFront(
        server_context(authority.certificate("platform.test")), int(platform_url.rpartition(":")[2])
    )
    client = client_of(terminal, f"https://platform.test:{front.port}", proxy, authority.file)
    assert client.heartbeat(BEAT, 0).epoch
    assert proxy.asked == [f"CONNECT platform.test:{front.port}"]
    client.close()
    front.close()


def test_a_proxy_that_cannot_reach_the_platform(terminal: Any, proxy: SiteProxy) -> None:
    client = client_of(terminal, "http://elsewhere.test:9", proxy)
    with pytest.raises(PlatformError) as caught:
        client.heartbeat(BEAT, 0)
    assert caught.value.fault is LineFault.SERVER_TROUBLE
    client.close()


def test_the_environments_proxy_is_not_asked(
    terminal: Any, line: Any, proxy: SiteProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    settings = PlatformSettings(url=f"http://127.0.0.1:{line.port}")
    client = PlatformClient(settings, terminal.key, SystemClock(), QUICK)
    client.become(terminal.journal.settings.enrolment())
    assert client.heartbeat(BEAT, 0).epoch
    assert proxy.asked == []
    client.close()
