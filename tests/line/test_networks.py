"""The kernel's own faults, in networks of the test's own: loss, silence, resets, cables, addresses, large packets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.line import LineState
from tests.line.county import County, LineTerminal, county_in, until
from tests.line.hurried_clock import HurriedClock
from tests.line.namespaces import FAR, NEAR, Cable, cable

pytestmark = pytest.mark.slow
_PACE = 8.0
_MEANWHILE = threading.Event()


class Stand:
    """A county on the far side of a cable, and a terminal on the near side."""

    def __init__(self, folder: Path, wire: Cable, county: County) -> None:
        self.wire, self.county = wire, county
        self._made: LineTerminal | None = None

    def terminal(self, pace: float = _PACE, **platform: Any) -> LineTerminal:
        url = f"http://{FAR}:{self.county.port}"
        made = self.county.terminal(url, HurriedClock(pace), **platform)
        with self.wire.near.entered():
            made.start()
        return made


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with cable() as wire:
        folder = tmp_path_factory.mktemp("far")
        with county_in(folder, HurriedClock(_PACE), wire.listener()) as county:
            yield Stand(folder, wire, county)


@pytest.fixture
def terminal(stand: Stand) -> Iterator[LineTerminal]:
    stand.wire.mend()
    made = stand.terminal(retry_cap_s=4.0)
    yield made
    stand.wire.mend()
    made.close()
    stand.county.terminals.remove(made)


def offline(terminal: LineTerminal) -> bool:
    assert terminal.agent is not None
    return terminal.agent.line.status().state is LineState.OFFLINE


def online(terminal: LineTerminal) -> bool:
    assert terminal.agent is not None
    return terminal.agent.line.status().state is LineState.ONLINE


def record_for(terminal: LineTerminal, seconds: float, attachment_bytes: int = 0) -> None:
    """Residents come for so long, one every 30 ms."""
    ends_s = time.monotonic() + seconds
    number = 0
    while time.monotonic() < ends_s:
        terminal.record(attachment_bytes if number % 10 == 0 else 0)
        number += 1
        _MEANWHILE.wait(0.03)


@pytest.mark.fault(42)
def test_three_packets_in_ten_are_lost(stand: Stand, terminal: LineTerminal) -> None:
    stand.wire.lose(30)
    record_for(terminal, 0.4, attachment_bytes=3_000)
    took_s = terminal.until_drained(60)
    print(f"{len(terminal.receipts)} cases at 30 % loss: {took_s:.1f} s")
    terminal.check()


@pytest.mark.fault(45, 46)
def test_packets_vanish_in_the_middle_and_come_back(stand: Stand, terminal: LineTerminal) -> None:
    terminal.record(200_000)
    record_for(terminal, 0.3)
    for side in (stand.wire.near, stand.wire.far):
        side.rules("input iif != lo drop")
    record_for(terminal, 0.5)
    until(lambda: offline(terminal), 20)
    terminal.check_nothing_claimed()
    stand.wire.mend()
    terminal.until_drained(30)
    terminal.check()


@pytest.mark.fault(46)
def test_the_platform_is_gone_and_does_not_say_so(stand: Stand, terminal: LineTerminal) -> None:
    """Answers only get lost on their way back; what arrives is committed again and again."""
    record_for(terminal, 0.3)
    stand.wire.near.rules("input iif != lo tcp flags & (syn|fin|rst) == 0x0 drop")
    record_for(terminal, 0.5)
    until(lambda: offline(terminal), 20)
    stand.wire.mend()
    terminal.until_drained(30)
    terminal.check()


@pytest.mark.fault(40, 47)
def test_every_connection_is_reset(stand: Stand, terminal: LineTerminal) -> None:
    terminal.record(100_000)
    stand.wire.far.rules("input iif != lo meta l4proto tcp reject with tcp reset")
    record_for(terminal, 0.5)
    until(lambda: offline(terminal), 20)
    stand.wire.mend()
    terminal.until_drained(30)
    terminal.check()


@pytest.mark.fault(40, 41)
def test_the_cable_is_pulled_and_put_back_again_and_again(stand: Stand, terminal: LineTerminal) -> None:
    ended = threading.Event()

    def flap() -> None:
        for number in range(10):
            stand.wire.near.run(f"ip link set v0 {'up' if number % 2 else 'down'}")
            ended.wait(0.15 + 0.1 * (number % 3))

    flapping = threading.Thread(target=flap)
    flapping.start()
    record_for(terminal, 2.5, attachment_bytes=20_000)
    flapping.join()
    stand.wire.mend()
    took_s = terminal.until_drained(30)
    print(f"{len(terminal.receipts)} cases through ten flaps; drained {took_s:.1f} s after the last")
    terminal.check()


@pytest.mark.fault(69)
def test_the_address_changes_in_the_middle_of_an_upload(stand: Stand, terminal: LineTerminal) -> None:
    stand.wire.slow_down(2000)
    try:
        terminal.record(400_000)
        _upload_has_begun(terminal)
        stand.wire.near.run(f"ip addr del {NEAR}/24 dev v0; ip addr add 10.77.0.11/24 dev v0")
        terminal.until_drained(40)
        terminal.check()
        assert _received_twice(stand.county, terminal) <= 128 * 1024, "it went on from where it was"
    finally:
        for side, device in ((stand.wire.near, "v0"), (stand.wire.far, "v1")):
            side.run(f"tc qdisc del dev {device} root")
        stand.wire.near.run(f"ip addr flush dev v0; ip addr add {NEAR}/24 dev v0")


def _upload_has_begun(terminal: LineTerminal) -> None:
    until(lambda: any(one.sent_bytes for one in terminal.journal.attachments.pending()), 20)


def _received_twice(county: County, terminal: LineTerminal) -> int:
    """Bytes that the platform holds in pieces beyond what the attachment has."""
    with county.platform.store.reading() as run:
        held = run.execute(
            "select sum(length(body)) from attachment_piece where terminal_id = ?", (terminal.terminal_id,)
        ).fetchone()
        size = run.execute(
            "select sum(size_bytes) from attachment where terminal_id = ?", (terminal.terminal_id,)
        ).fetchone()
    return int((held or [0])[0]) - int((size or [0])[0])


def _nothing_large_passes(stand: Stand) -> None:
    """A tunnel on the way that drops what is too large for it and does not say so."""
    for side in (stand.wire.near, stand.wire.far):
        side.rules("input iif != lo meta length > 1280 drop", "input iif != lo icmp type 3 drop")


@pytest.mark.fault(68)
def test_cases_pile_up_and_large_packets_vanish(stand: Stand) -> None:
    """Batches shrink until they fit: cases need no help of the kernel."""
    stand.wire.mend()
    terminal = stand.terminal(pace=40.0, retry_cap_s=4.0)
    terminal.stop()
    for _ in range(40):
        terminal.record()
    _nothing_large_passes(stand)
    with stand.wire.near.entered():
        terminal.start()
    took_s = terminal.until_drained(60)
    print(f"40 cases through a hole for packets above 1280 bytes: {took_s * 40:.0f} s of the terminal's")
    terminal.check()
    stand.wire.mend()


@pytest.mark.fault(68)
def test_an_attachment_that_is_too_large_for_the_hole_holds_up_no_case(
    stand: Stand, terminal: LineTerminal
) -> None:
    """Its pieces wait until somebody mends the line, or the kernel finds the size that passes (RFC 4821)."""
    _nothing_large_passes(stand)
    terminal.record(100_000)
    for _ in range(5):
        terminal.record()
        until(lambda: terminal.journal.outbox.summary().pending == 0, 20)
        _MEANWHILE.wait(0.1)
    assert terminal.journal.attachments.summary().waiting == 1
    stand.wire.mend()
    terminal.until_drained(30)
    terminal.check()
