"""What the site keeper is told to do, and in which order."""

from __future__ import annotations

import pytest

from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus, SupplyState
from kiosk.domain.enrolment import Standing
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.availability import LineState
from kiosk.flow.keeper_report import Ago, KeeperTask, LineReport, Task, Terminal, ago, keeper_tasks

PRINTER = DeviceClass.RECEIPT_PRINTER
WORKS = DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.FULL)
ABSENT = DeviceStatus(state=DeviceState.NO_DEVICE, detail=DeviceDetail.NOT_CONFIGURED)


def told(terminal: Terminal) -> list[KeeperTask]:
    return [task.what for task in keeper_tasks(terminal)]


def test_nothing_to_do_is_said_too() -> None:
    devices = {**dict.fromkeys(DeviceClass, WORKS), DeviceClass.SOCIAL_CARD_READER: ABSENT}
    assert told(Terminal(devices=devices, line=LineReport(state=LineState.ONLINE))) == [KeeperTask.NOTHING]


@pytest.mark.parametrize(
    ("status", "task"),
    [
        (DeviceStatus(state=DeviceState.USER_ERROR, paper=SupplyState.OUT), KeeperTask.LOAD_PAPER),
        (DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.OUT), KeeperTask.LOAD_PAPER),
        (DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.LOW), KeeperTask.LOAD_SOON),
        (
            DeviceStatus(state=DeviceState.USER_ERROR, detail=DeviceDetail.COVER_OPEN),
            KeeperTask.MEND_PRINTER,
        ),
        (DeviceStatus(state=DeviceState.NO_DEVICE), KeeperTask.CALL_DEVICE),
        (DeviceStatus(state=DeviceState.HARDWARE_ERROR), KeeperTask.CALL_DEVICE),
    ],
)
def test_each_trouble_of_a_printer_is_one_act(status: DeviceStatus, task: KeeperTask) -> None:
    assert keeper_tasks(Terminal(devices={PRINTER: status})) == (Task(what=task, device=PRINTER),)


def test_a_line_that_is_gone_for_a_moment_sends_nobody_to_the_cable() -> None:
    for since_s, tasks in ((30.0, [KeeperTask.NOTHING]), (3600.0, [KeeperTask.CHECK_CABLE])):
        line = LineReport(state=LineState.OFFLINE, since_s=since_s, fault=LineFault.NO_LINE)
        assert told(Terminal(line=line)) == tasks


@pytest.mark.parametrize(
    ("fault", "task"),
    [
        (None, KeeperTask.CHECK_CABLE),
        (LineFault.NO_LINE, KeeperTask.CHECK_CABLE),
        (LineFault.TIMED_OUT, KeeperTask.CHECK_CABLE),
        (LineFault.PORTAL, KeeperTask.LOG_IN_TO_NETWORK),
        (LineFault.NOT_THE_PLATFORM, KeeperTask.CALL_LINE),
        (LineFault.TLS, KeeperTask.CALL_LINE),
        (LineFault.CLOCK, KeeperTask.CALL_LINE),
        (LineFault.SERVER_TROUBLE, KeeperTask.CALL_LINE),
    ],
)
def test_nobody_is_sent_to_the_cable_for_what_a_cable_does_not_do(
    fault: LineFault | None, task: KeeperTask
) -> None:
    line = LineReport(state=LineState.OFFLINE, since_s=3600.0, fault=fault)
    assert told(Terminal(line=line)) == [task]


def test_cases_that_wait_for_a_day_on_a_working_line_are_worth_a_call() -> None:
    line = LineReport(state=LineState.ONLINE, pending=3, oldest_unsent_s=2 * 86400.0, parked=1)
    assert told(Terminal(line=line)) == [KeeperTask.CALL_PLATFORM, KeeperTask.CALL_PARKED]


@pytest.mark.parametrize(
    ("terminal", "task"),
    [
        (Terminal(journal_fault=JournalFault.DISK_FULL), KeeperTask.CALL_JOURNAL),
        (Terminal(standing=Standing.CLONED), KeeperTask.CALL_STOPPED),
        (Terminal(enrolled=False), KeeperTask.ENROL),
        (Terminal(days_left=3.0), KeeperTask.CALL_NO_ROOM),
    ],
)
def test_what_stops_new_cases_comes_before_paper(terminal: Terminal, task: KeeperTask) -> None:
    from dataclasses import replace

    low = DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.OUT)
    assert told(replace(terminal, devices={PRINTER: low})) == [task, KeeperTask.LOAD_PAPER]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, (Ago.NOT_YET, 0)),
        (0.0, (Ago.JUST_NOW, 0)),
        (61.0, (Ago.MINUTES, 1)),
        (7199.0, (Ago.MINUTES, 119)),
        (7200.0, (Ago.HOURS, 2)),
        (2 * 86400.0, (Ago.DAYS, 2)),
    ],
)
def test_how_long_ago(seconds: float | None, words: tuple[Ago, int]) -> None:
    assert ago(seconds) == words
