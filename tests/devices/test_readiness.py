"""The self-test: every attached device is asked, nobody waits for one that hangs, and it prints."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from devices import readiness
from devices.device_thread import DeviceThread
from devices.duty import Desk, Duty, Method
from devices.host import Host
from devices.id_card.simulator import IdCardReaderSimulator
from devices.slip_printer.simulator import ReceiptPrinterSimulator
from kiosk.clock import SystemClock
from kiosk.commands.doctor import doctor
from kiosk.config import load
from kiosk.documents.page import Row, Rule, Text
from kiosk.documents.readiness_slip import compose_readiness
from kiosk.domain.device_status import (
    DeviceCapabilities,
    DeviceClass,
    DeviceDetail,
    DeviceState,
    DeviceStatus,
    SupplyState,
)
from kiosk.domain.readiness import DeviceReadiness, ReadinessReport
from kiosk.ports import DevicePort
from kiosk.sentences import sentence

ONLINE = DeviceStatus(state=DeviceState.ONLINE)


@pytest.fixture
def config(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Path]:
    """A running devices process in this one: a reader, a printer, and a scanner that is not there."""
    file = tmp_path / "linban.toml"
    file.write_text(
        f'[paths]\nstate_dir = "{tmp_path}"\nrun_dir = "{tmp_path}"\n'
        f'[devices.id_card_reader]\nport = "{tmp_path}/sam"\n'
        f'[devices.receipt_printer]\nport = "{tmp_path}/printer"\n'
        f'[devices.barcode_scanner]\nport = "{tmp_path}/nothing"\n',
        encoding="utf-8",
    )
    caplog.set_level("INFO", "devices.host")
    with ExitStack() as stack:
        stack.enter_context(IdCardReaderSimulator(tmp_path / "sam")).start()
        printer = stack.enter_context(ReceiptPrinterSimulator(tmp_path / "printer"))
        printer.start()
        printer.serve_control(tmp_path / "printer.sock")
        host = Host(load(file))
        host.start()
        stack.callback(host.close)
        deadline = SystemClock().monotonic() + 5
        while sum(status.usable for status in host.statuses().values()) < 2:
            assert SystemClock().monotonic() < deadline
            threading.Event().wait(0.02)
        yield file


def test_every_attached_device_is_asked_and_the_absent_one_is_named(config: Path) -> None:
    done = CliRunner().invoke(doctor, ["--devices", "--json", "--config", str(config)])
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert told["ready"] is False
    states = {device["device"]: device["status"]["state"] for device in told["devices"]}
    assert states == {
        "id_card_reader": "online",
        "receipt_printer": "online",
        "barcode_scanner": "no_device",
    }
    assert {device["capabilities"]["model"] for device in told["devices"]} >= {"SDT"}


def test_everything_is_tested_at_opening_without_being_asked(
    config: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deadline = SystemClock().monotonic() + 5
    while not (
        told := [
            record
            for record in [*caplog.get_records("setup"), *caplog.records]
            if record.message == "self-test"
        ]
    ):
        assert SystemClock().monotonic() < deadline
        threading.Event().wait(0.05)
    assert told[0].__dict__["not_ready"] == ["barcode_scanner"]


def test_the_self_test_comes_out_of_the_printer(config: Path) -> None:
    done = CliRunner().invoke(doctor, ["--devices", "--print", "--config", str(config)])
    assert "the slip is printed" in done.output
    assert "断开了" in done.output


def test_without_a_running_devices_process_there_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "linban.toml"
    file.write_text(f'[paths]\nrun_dir = "{tmp_path}"\n', encoding="utf-8")
    done = CliRunner().invoke(doctor, ["--devices", "--config", str(file)])
    assert done.exit_code == 1
    assert "kiosk run starts it" in done.output


class _Hanging(DevicePort):
    def __init__(self) -> None:
        self.released = threading.Event()

    def open(self) -> DeviceStatus:
        return ONLINE

    def close(self) -> None:
        pass

    def status(self) -> DeviceStatus:
        self.released.wait(10)
        return ONLINE

    def capabilities(self) -> DeviceCapabilities:
        return DeviceCapabilities()


class _NoDuty(Duty[Any]):
    def methods(self) -> dict[str, Method]:
        return {}

    def wanted(self, is_open: bool) -> bool:
        return False

    def step(self, driver: Any) -> float:
        return 0.0

    def cancel(self) -> None:
        pass


def test_a_driver_that_hangs_is_called_so_instead_of_being_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(readiness, "WITHIN_S", 0.3)
    clock, driver = SystemClock(), _Hanging()
    desk = Desk(
        device=DeviceClass.IO_BOARD,
        attached=True,
        notify=lambda _method, _params: None,
        tell_busy=lambda: None,
        clock=clock,
        run_dir=tmp_path,
    )
    published = threading.Event()
    thread: DeviceThread[Any] = DeviceThread(
        DeviceClass.IO_BOARD, driver, _NoDuty(desk), clock, lambda _device, _status: published.set()
    )
    thread.start()
    try:
        assert published.wait(2)
        started = clock.monotonic()
        report = readiness.examine([thread], clock)
        assert clock.monotonic() - started < 1.5
        assert [device.answered for device in report.devices] == [False]
        assert not report.ready
    finally:
        driver.released.set()
        thread.stop()
        thread.join(2)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_slip_says_first_what_is_to_be_seen_to(language: str) -> None:
    def of(device: DeviceClass, status: DeviceStatus) -> DeviceReadiness:
        return DeviceReadiness(
            device=device, status=status, capabilities=DeviceCapabilities(model="M"), seconds=0.1
        )

    report = ReadinessReport(
        at=datetime(2026, 1, 1, tzinfo=UTC),
        devices=(
            of(DeviceClass.ID_CARD_READER, ONLINE),
            of(DeviceClass.RECEIPT_PRINTER, DeviceStatus(state=DeviceState.ONLINE, paper=SupplyState.OUT)),
            of(
                DeviceClass.SHEET_PRINTER,
                DeviceStatus(state=DeviceState.USER_ERROR, detail=DeviceDetail.COVER_OPEN),
            ),
        ),
    )
    page = compose_readiness(
        report,
        local_time=report.at,
        site_name="青石村",
        language=language,
        say=lambda reason: sentence(reason, language),
    )
    rows = [block for block in page.blocks if isinstance(block, Row)][2:]
    assert [row.label[0] for row in rows] == ["×", "×", "√"]
    assert rows[0].value == sentence(SupplyState.OUT, language)
    assert sentence(DeviceDetail.COVER_OPEN, language) in rows[1].value
    assert any("2" in block.text for block in page.blocks if isinstance(block, Text))
    assert page.blocks[-1] == Rule()
    if language == "en":
        printed = [block.value for block in rows] + [b.text for b in page.blocks if isinstance(b, Text)]
        assert "".join(printed).isascii()
