"""A platform that answers at once with nothing but trouble is knocked at less and less."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kiosk.config import PathSettings, PlatformSettings, Settings
from sync.backoff import Backoff
from sync.heartbeat import Heartbeat
from sync.keeper import Keeper
from sync.platform_clock import PlatformClock


def keeper_of(terminal: Any, url: str) -> Keeper:
    settings = Settings(
        platform=PlatformSettings(url=url, retry_cap_s=60.0),
        paths=PathSettings(state_dir=terminal.folder, run_dir=terminal.folder),
    )
    heart = Heartbeat(settings, terminal.clock, PlatformClock(terminal.clock))
    return Keeper(terminal.client, terminal.line, terminal.clock, terminal.stopping, settings.platform, heart)


@pytest.mark.fault(60, 64)
def test_heartbeats_are_answered_and_the_inbox_never_is(impostor: Any, make_terminal: Any) -> None:
    terminal = make_terminal(impostor.url)
    terminal.journal.settings.set_enrolment(impostor.enrolment())
    heartbeat = json.dumps({"epoch": "e1", "high_water": 0, "inbox_head": 9}).encode()
    impostor.behave = lambda connection, request: connection.sendall(
        impostor.signed(request, b"{}", 500)
        if "inbox" in request.url
        else impostor.signed(request, heartbeat)
    )
    keeper = keeper_of(terminal, impostor.url)
    pauses = [keeper._check(terminal.journal) for _ in range(30)]
    assert len(impostor.requests) == 60
    assert max(pauses) > 5.0  # none would be above 0.5 s if each heartbeat made the others forget


def test_asked_to_come_back_at_once_for_ever() -> None:
    backoff = Backoff(60.0)
    assert sum(backoff.next_s(0.0) for _ in range(30)) > 30.0
    assert 5.0 <= backoff.next_s(5.0) <= 5.5
