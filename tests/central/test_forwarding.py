"""Accepted cases go to the provincial platform: each once for the receiver, whatever it answers and whoever dies."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import ManualClock
from kiosk.domain.case import PlatformState
from sync.central.exchange import Platform
from sync.central.forwarding import Fate, FileSink, Forwarder, HttpSink, Sink, Tried, sink_for


class Receiver:
    """A provincial platform: it knows each key, and counts what it was sent."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.requests = 0
        self.answers: list[int | str] = []
        self.bomb = b""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.answer(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/cases"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests += 1
        body = request.rfile.read(int(request.headers["content-length"]))
        key = request.headers["idempotency-key"]
        said = self.answers.pop(0) if self.answers else 201
        if said in (201, "lost"):
            assert self.kept.setdefault(key, body) == body, "one key, one body"
        if said == "lost":
            request.close_connection = True
            request.connection.close()
            return
        request.send_response(int(said))
        request.send_header("content-length", str(len(self.bomb)))
        if said == 302:
            request.send_header("location", self.url)
        if self.bomb:
            request.send_header("content-encoding", "gzip")
        request.end_headers()
        with contextlib.suppress(OSError):
            request.wfile.write(self.bomb)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def accepted(platform: Platform, terminal: Any) -> list[str]:
    """Receipt numbers of three cases that were accepted, beside one that was not."""
    entries = terminal.record(4)
    platform.entries.take_in(terminal.known, terminal.nonce(), entries)
    platform.entries.opener.open_all()
    numbers = [entry.receipt_number for entry in entries[:3]]
    for number in numbers:
        platform.cases.change_state(number, PlatformState.ACCEPTED)
    return numbers


def send_all(forwarder: Forwarder, clock: ManualClock, rounds: int = 30) -> None:
    for _ in range(rounds):
        forwarder.send_due()
        clock.advance(3601)


def test_each_accepted_case_is_one_file(
    platform: Platform, accepted: list[str], clock: ManualClock, tmp_path: Path
) -> None:
    folder = tmp_path / "province"
    forwarder = Forwarder(platform.store, FileSink(folder))
    send_all(forwarder, clock)
    assert sorted(file.name for file in folder.iterdir()) == sorted(f"{number}.json" for number in accepted)
    content = json.loads((folder / f"{accepted[0]}.json").read_text(encoding="utf-8"))
    assert content["case"]["answers"]["phone"] == "13900000000"
    assert forwarder.queue.counts() == (0, 3, 0)


def test_accepted_twice_is_passed_on_once(
    platform: Platform, accepted: list[str], clock: ManualClock, receiver: Receiver
) -> None:
    forwarder = Forwarder(platform.store, HttpSink(receiver.url))
    send_all(forwarder, clock, 2)
    platform.cases.change_state(accepted[0], PlatformState.RETURNED)
    platform.cases.change_state(accepted[0], PlatformState.ACCEPTED)
    send_all(forwarder, clock, 2)
    assert (len(receiver.kept), receiver.requests) == (3, 3)


@pytest.mark.fault(51, 59)
def test_lost_answers_and_trouble_at_the_receiver(
    platform: Platform, accepted: list[str], clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = ["lost", 503, 302, 401, "lost", 500, 409]
    forwarder = Forwarder(platform.store, HttpSink(receiver.url))
    send_all(forwarder, clock)
    assert len(receiver.kept) == 3
    assert forwarder.queue.counts() == (0, 3, 0)
    assert {json.loads(body)["receipt_number"] for body in receiver.kept.values()} == set(accepted)


@pytest.mark.fault(50)
def test_a_redirect_that_unfolds_into_a_large_page_is_not_unfolded(receiver: Receiver) -> None:
    receiver.bomb = b"no gzip at all"  # whoever unpacks it fails, and says so
    receiver.answers = [302]
    tried = HttpSink(receiver.url).deliver("key", "name", b"{}")
    assert (tried.fate, tried.why) == (Fate.AGAIN, "HTTP 302")
    receiver.bomb = gzip.compress(bytes(200 * 1024 * 1024), 1)
    receiver.answers = [302]
    tracemalloc.start()
    try:
        assert HttpSink(receiver.url).deliver("key", "name", b"{}").why == "HTTP 302"
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.fault(61)
def test_a_case_that_is_never_taken_is_a_dead_letter_until_a_person_says_again(
    platform: Platform, accepted: list[str], terminal: Any, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [422]
    forwarder = Forwarder(platform.store, HttpSink(receiver.url))
    send_all(forwarder, clock)
    assert forwarder.queue.counts() == (0, 2, 1)
    (dead,) = [number for number in accepted if number not in str(receiver.kept)]
    assert forwarder.queue.again(terminal.terminal_id, dead)
    assert not forwarder.queue.again(terminal.terminal_id, dead)
    send_all(forwarder, clock)
    assert forwarder.queue.counts() == (0, 3, 0)


def test_a_forwarder_that_dies_after_sending_sends_the_same_again(
    platform: Platform, accepted: list[str], clock: ManualClock, receiver: Receiver
) -> None:
    class Dies:
        def __init__(self, sink: Sink) -> None:
            self.sink = sink

        def deliver(self, key: str, name: str, body: bytes) -> Tried:
            self.sink.deliver(key, name, body)
            raise SystemExit

    with pytest.raises(SystemExit):
        Forwarder(platform.store, Dies(HttpSink(receiver.url))).send_due()
    forwarder = Forwarder(platform.store, HttpSink(receiver.url))
    assert forwarder.send_due() == 0  # they are claimed still
    clock.advance(301)
    send_all(forwarder, clock)
    assert (len(receiver.kept), receiver.requests) == (3, 4)


def test_two_forwarders_take_different_cases(
    platform: Platform,
    another: Callable[[], Platform],
    accepted: list[str],
    clock: ManualClock,
    receiver: Receiver,
) -> None:
    del clock
    first = Forwarder(platform.store, HttpSink(receiver.url))
    second = Forwarder(another().store, HttpSink(receiver.url)) if platform.store.many_writers else first
    threads = [threading.Thread(target=forwarder.send_due) for forwarder in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert (len(receiver.kept), receiver.requests) == (3, 3)


def test_a_case_is_not_passed_on_before_it_is_opened(
    platform: Platform, terminal: Any, clock: ManualClock, receiver: Receiver
) -> None:
    (entry,) = terminal.record(1)
    platform.entries.take_in(terminal.known, terminal.nonce(), [entry])
    platform.cases.change_state(entry.receipt_number, PlatformState.ACCEPTED)
    forwarder = Forwarder(platform.store, HttpSink(receiver.url))
    send_all(forwarder, clock, 2)
    assert receiver.requests == 0
    platform.entries.opener.open_all()
    send_all(forwarder, clock, 2)
    assert receiver.requests == 1


@pytest.mark.fault(6)
def test_a_full_folder_is_tried_again(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="ascii")
    assert FileSink(blocked / "below").deliver("key", "name", b"{}").fate == "again"
    sink = FileSink(tmp_path / "there")
    assert sink.deliver("key", "name", b"{}").fate == "delivered"
    assert sink.deliver("key", "name", b"{}").fate == "delivered"
    assert sink.deliver("other", "name", b"[]").fate == "never"
    assert [file.name for file in (tmp_path / "there").iterdir()] == ["name.json"]


@pytest.mark.parametrize("target", ["", "file:", "http://province.example/", "ftp://x", "/folder"])
def test_a_target_that_is_none(target: str) -> None:
    with pytest.raises(ValueError, match="neither file:FOLDER nor https"):
        sink_for(target)


def test_an_adapter_that_raises_keeps_no_other_case_from_going(
    platform: Platform,
    accepted: list[str],
    clock: ManualClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Wrong(FileSink):
        def deliver(self, key: str, name: str, body: bytes) -> Tried:
            if name == accepted[0]:
                raise UnicodeEncodeError("latin-1", body.decode(), 0, 1, "a token that no header can carry")
            return super().deliver(key, name, body)

    forwarder = Forwarder(platform.store, Wrong(tmp_path / "out"))
    assert forwarder.send_due() == 2
    assert forwarder.queue.counts() == (1, 2, 0)
    assert "13900000000" not in caplog.text
    forwarder = Forwarder(platform.store, FileSink(tmp_path / "out"))
    send_all(forwarder, clock, 2)
    assert sorted(file.stem for file in (tmp_path / "out").glob("*.json")) == sorted(accepted)


def test_a_fault_of_ours_ends_no_forwarder(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forwarder, stopping = Forwarder(platform.store, FileSink(tmp_path)), threading.Event()
    tries = []

    def fail(_: object) -> int:
        tries.append(1)
        stopping.set()
        raise RuntimeError("a bug")

    monkeypatch.setattr(forwarder, "send_due", fail)
    forwarder.run(stopping)
    assert tries == [1]
