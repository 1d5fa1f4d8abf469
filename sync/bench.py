"""`kiosk bench delivery`: 1,000 cases from the journal to the platform, durable at both ends.

Beside the figure stand its yardsticks from the same run and machine: the same stack with one entry a
request; bare TCP with the same rows committed (no HTTP, nothing opened, signed or verified); and bare TCP
with the same commit and the same cryptography, which leaves HTTP as the only difference.  Quote the
ratios; the absolute figures belong to the machine.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.clock import SystemClock
from kiosk.config import PACKAGE_ROOT, PlatformSettings
from kiosk.domain.case import Case, new_entry_id
from kiosk.domain.resident import DocumentKind, IdentityDocument, Sex
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.outbox import Acknowledged
from kiosk.journal.sealing import encode_case
from sync.acknowledgement import verified_token
from sync.central.bare_server import LENGTH
from sync.enrolment import enrol
from sync.line import Line
from sync.line_simulator import LineSimulator
from sync.platform_client import PlatformClient
from sync.relay import LEASE_S, MAX_BATCH_BYTES, Relay
from sync.wire import EntriesAnswer, EntriesRequest, decode, encode, to_wire

_CODE = "bench-0001"
_CASES = 1000
_BATCH = 200
_SINGLES = 200
"""One entry a request is slow and steady: a fifth of the cases gives the rate."""


class _Terminal:
    """A journal and what is needed to send from it."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        self.clock = SystemClock()
        self.journal = Journal.open(
            folder / "journal.db", load_or_create_key(folder / "journal.key"), self.clock
        )
        self.key = Ed25519PrivateKey.generate()
        enrolling = self.client(url)
        enrol(enrolling, self.journal, _CODE)
        enrolling.close()

    def client(self, url: str) -> PlatformClient:
        return PlatformClient(PlatformSettings(url=url), self.key, self.clock)

    def record(self, count: int) -> None:
        for _ in range(count):
            self.journal.entries.record(_case())

    def drain(self, url: str, batch: int) -> float:
        """Send everything; seconds."""
        client = self.client(url)
        relay = Relay(client, Line(self.clock), self.clock, threading.Event(), batch=batch, retry_cap_s=1.0)
        started = time.perf_counter()
        error = relay.drain(self.journal)
        elapsed_s = time.perf_counter() - started
        client.close()
        if error is not None:
            raise error
        return elapsed_s

    def drain_raw(self, port: int, verified: bool) -> float:
        """The same lease and the same settling around bare TCP; seconds."""
        enrolment = self.journal.settings.enrolment()
        assert enrolment is not None
        key = Ed25519PublicKey.from_public_bytes(enrolment.signing_key)
        with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as stream:
            started = time.perf_counter()
            while leased := self.journal.outbox.lease(_BATCH, MAX_BATCH_BYTES, LEASE_S):
                body = encode(EntriesRequest(entries=[to_wire(item.entry) for item in leased]))
                connection.sendall(LENGTH.pack(len(body)) + body)
                answer = stream.read(LENGTH.unpack(stream.read(LENGTH.size))[0])
                tokens = ["x" * 300] * len(leased)
                if verified:
                    said = decode(answer, EntriesAnswer)
                    tokens = [
                        verified_token(item.entry, result, enrolment.terminal_id, said.epoch, key)
                        for item, result in zip(leased, said.results, strict=True)
                    ]
                self.journal.outbox.settle(
                    [
                        Acknowledged(entry_id=item.entry.header.entry_id, token=token.encode("ascii"))
                        for item, token in zip(leased, tokens, strict=True)
                    ]
                )
            return time.perf_counter() - started


def run(cases: int = _CASES) -> dict[str, Any]:
    """Measure; takes some ten seconds."""
    singles = min(_SINGLES, cases)
    with tempfile.TemporaryDirectory(prefix="linban-bench-") as name:
        data = Path(name) / "p"
        central = [
            "kiosk",
            "central",
            "--listen",
            "127.0.0.1:0",
            "--data",
            str(data),
            "--enrolment-code",
            _CODE,
        ]
        with _served(central, lambda line: line.split()[-1]) as url:
            terminal = _Terminal(Path(name) / "t", url)
            terminal.record(_BATCH)
            terminal.drain(url, _BATCH)  # the first requests pay for imports and cold pages
            terminal.record(cases)
            rates = {"batched": cases / terminal.drain(url, _BATCH)}
            terminal.record(singles)
            rates["single"] = singles / terminal.drain(url, 1)
            wire_bytes = _wire_bytes_per_case(terminal, url)
        for kind in ("bare", "whole"):
            with _served(["sync.central.bare_server", kind, str(data)], str.strip) as port:
                terminal.record(cases)
                rates[kind] = cases / terminal.drain_raw(int(port), verified=kind == "whole")
        terminal.journal.close()
    return _report(cases, rates, wire_bytes)


def _report(cases: int, rates: dict[str, float], wire_bytes: float) -> dict[str, Any]:
    plain_bytes = len(encode_case(_case()))
    return {
        "cases": cases,
        "batch": _BATCH,
        "items_per_s": round(rates["batched"]),
        "wire_bytes_per_case": round(wire_bytes),
        "yardsticks": {
            "one_per_request_items_per_s": round(rates["single"]),
            "raw_tcp_same_commit_items_per_s": round(rates["bare"]),
            "raw_tcp_same_commit_and_cryptography_items_per_s": round(rates["whole"]),
            "case_as_compact_json_bytes": plain_bytes,
        },
        "ratios": {
            "to_one_per_request": round(rates["batched"] / rates["single"], 2),
            "to_raw_tcp_same_commit": round(rates["batched"] / rates["bare"], 2),
            "to_raw_tcp_same_commit_and_cryptography": round(rates["batched"] / rates["whole"], 2),
            "wire_to_compact_json": round(wire_bytes / plain_bytes, 2),
        },
    }


def _wire_bytes_per_case(terminal: _Terminal, url: str) -> float:
    """What passes over TCP in both directions, headers and acknowledgements included."""
    line = LineSimulator(("127.0.0.1", 0), ("127.0.0.1", int(url.rpartition(":")[2])))
    try:
        terminal.record(_BATCH)
        terminal.drain(f"http://127.0.0.1:{line.port}", _BATCH)
        state = line.state()
        return float(state["bytes_up"] + state["bytes_down"]) / _BATCH
    finally:
        line.close()


@contextlib.contextmanager
def _served(module: list[str], address: Callable[[str], str]) -> Iterator[str]:
    """Run a server in a process of its own, as in the field; gives what it says of its address."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", *module], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        yield address(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def _case() -> Case:
    """A case of an invented resident, of the size that real ones have."""
    return Case(
        entry_id=new_entry_id(),
        service_code="pension-qualification",
        pack_version="1.0.0",
        started_at=datetime.now(UTC),
        answers={"phone": "13900000000", "household": "same", "note": "住址未变，本人到场办理。"},
        resident=_resident(),
    )


def _resident() -> IdentityDocument:
    """Invented: the region is a test region, the name and the address stand nowhere."""
    return IdentityDocument(
        kind=DocumentKind.RESIDENT_ID_CARD,
        name="林知秋",
        number="37050819480314002X",
        sex=Sex.FEMALE,
        birth=date(1948, 3, 14),
        valid_from=date(2012, 6, 1),
        valid_until=None,
        nation_code="01",
        address="青石县云溪镇青石村三组十二号",
        issuer="青石县公安局",
    )
