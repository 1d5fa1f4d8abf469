"""What a heartbeat tells, and what the platform says in its turn."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import SystemClock
from kiosk.domain.case import DeliveryState, ParkReason, PlatformState
from kiosk.domain.device_status import DeviceClass, DeviceState, DeviceStatus, SupplyState
from kiosk.ipc import IpcServer
from kiosk.journal.audit import AuditEvent
from sync.central.exchange import Platform
from sync.device_reports import device_reports
from sync.heartbeat import Heartbeat, sign_due_root
from sync.inbox_download import ENTRY_QUARANTINED, ENTRY_RELEASED, InboxDownload
from sync.platform_clock import PlatformClock
from tests.sync.county import beat, compose, say, settings_of


@pytest.mark.fault(126)
def test_audit_roots_are_signed_told_and_confirmed(platform: Platform, terminal: Any) -> None:
    platform_clock = PlatformClock(terminal.clock)
    enrolment = terminal.journal.settings.enrolment()
    terminal.record(2)
    terminal.journal.audit.append(AuditEvent.PROGRAM_STARTED)
    assert not sign_due_root(terminal.journal, enrolment, platform_clock, terminal.key)  # what day is it?
    platform_clock.heard(datetime.now(UTC) + timedelta(days=1), terminal.clock.monotonic())
    assert sign_due_root(terminal.journal, enrolment, platform_clock, terminal.key)
    assert not sign_due_root(terminal.journal, enrolment, platform_clock, terminal.key)
    assert len(terminal.journal.audit_roots.unconfirmed()) == 1
    beat(terminal)
    assert terminal.journal.audit_roots.unconfirmed() == []
    with platform.store.reading() as run:
        assert run.execute("select count(*) from audit_root").fetchone() == (1,)


@pytest.mark.fault(66)
def test_an_entry_that_is_quarantined_later_and_let_through_again(platform: Platform, terminal: Any) -> None:
    (receipt,) = terminal.record(1)
    assert terminal.drain() is None
    download = InboxDownload(terminal.client, SystemClock())
    say(platform, terminal, ENTRY_QUARANTINED, receipt, PlatformState.UNKNOWN)
    assert not download.fetch(terminal.journal, 1, lambda: True)
    status = terminal.journal.entries.by_id(receipt.entry_id)
    assert (status.delivery, status.park_reason) == (DeliveryState.PARKED, ParkReason.QUARANTINED)
    assert status.platform is PlatformState.RECEIVED  # "unknown" takes nothing back
    say(platform, terminal, "something-new", receipt, PlatformState.UNKNOWN)
    say(platform, terminal, ENTRY_RELEASED, receipt, PlatformState.ACCEPTED)
    assert download.fetch(terminal.journal, 3, lambda: True)
    assert terminal.drain() is None
    status = terminal.journal.entries.by_id(receipt.entry_id)
    assert (status.delivery, status.platform) == (DeliveryState.ACKNOWLEDGED, PlatformState.ACCEPTED)
    assert [count.stored for count in platform.cases.count()] == [1]


def test_what_a_heartbeat_tells(platform: Platform, terminal: Any) -> None:
    terminal.record(2)
    settings = settings_of(terminal)
    heart = Heartbeat(
        settings, terminal.clock, PlatformClock(terminal.clock), lambda: "d1", lambda: ["backup"]
    )
    alone = compose(heart, terminal)
    assert (alone.tail_sequence, len(alone.tail_digest), alone.acknowledged_sequence) == (2, 32, 0)
    assert (alone.devices, alone.faults, alone.catalogue) == ([], ["backup"], "d1")
    assert alone.disk_free_bytes
    statuses = {device: DeviceStatus(state=DeviceState.NO_DEVICE) for device in DeviceClass}
    statuses[DeviceClass.RECEIPT_PRINTER] = DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.LOW)
    server = IpcServer(settings.devices_socket, {"status": lambda params: statuses})
    told = {report.device: report for report in compose(heart, terminal).devices}
    assert (told["receipt_printer"].state, told["receipt_printer"].paper) == ("online", "low")
    server.close()
    assert compose(heart, terminal).devices == []


def test_a_folder_of_the_devices_that_may_not_be_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "exists", refuse)
    assert device_reports(Path("/nowhere/devices.sock")) == []
