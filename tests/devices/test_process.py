"""The programs themselves: `python -m devices` and the simulators, started, watched, killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from devices.simulate import simulate
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient

ROOT = Path(__file__).resolve().parent.parent.parent
SLIP = {"blocks": [{"type": "text", "text": "办件回执"}]}


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    running: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def connect(path: Path, timeout_s: float = 10.0) -> IpcClient:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return IpcClient(path)
        except IpcError:
            assert time.monotonic() < deadline
            threading.Event().wait(0.02)


def config(folder: Path) -> Path:
    file = folder / "linban.toml"
    file.write_text(
        f'[paths]\nstate_dir = "{folder}"\nrun_dir = "{folder}"\n'
        f'[devices.id_card_reader]\nport = "{folder}/id-card-reader"\n'
        f'[devices.receipt_printer]\nport = "{folder}/receipt-printer"\n'
        f'[devices.barcode_scanner]\nport = "{folder}/barcode-scanner"\n',
        encoding="utf-8",
    )
    return file


def test_the_three_simulators_and_the_host_work_together(
    tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    with ExitStack() as stack:
        hands = {}
        for device in ("id-card-reader", "receipt-printer", "barcode-scanner"):
            control = tmp_path / f"{device}.sock"
            start("devices.simulate", device, "--link", str(tmp_path / device), "--control", str(control))
            hands[device] = stack.enter_context(connect(control))
        watch = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        watch.bind(str(tmp_path / "notify"))
        watch.settimeout(10)
        host = start(
            "devices",
            "--config",
            str(config(tmp_path)),
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="400000",
        )
        assert watch.recv(64) == b"READY=1"
        assert watch.recv(64) == b"WATCHDOG=1"
        peer = stack.enter_context(connect(tmp_path / "devices.sock"))
        for _ in range(200):
            if sum(status["state"] == "online" for status in peer.call("status").values()) == 3:
                break
            threading.Event().wait(0.05)
        peer.call("id_card.start", session="s1")
        hands["id-card-reader"].call("place_card", card="测试𠮷㛃")
        peer.call("slip_printer.print", job="j1", page=SLIP)
        outcomes = {
            message.method: message.params["outcome"]
            for message in peer.notifications(1.5)
            if message.method and message.method.endswith(".outcome")
        }
        assert outcomes["id_card.outcome"]["document"]["name"] == "测试𠮷㛃"
        assert outcomes["slip_printer.outcome"]["verdict"] == "printed"
        picture = tmp_path / "slip.png"
        assert (
            hands["receipt-printer"].call("last_slip", png=str(picture), bin=str(tmp_path / "slip.bin"))[
                "slips"
            ]
            == 1
        )
        with Image.open(picture) as image:
            assert image.width > 576
        assert "办件回执".encode("gb18030") in (tmp_path / "slip.bin").read_bytes()
        started = time.monotonic()
        host.send_signal(signal.SIGTERM)
        assert host.wait(timeout=5) == 0
        assert time.monotonic() - started < 1.0
        assert host.stderr is not None
        log = host.stderr.read().decode("utf-8")
        assert "测试" not in log
        assert "0000001995" not in log


@pytest.mark.fault(29)
def test_a_host_that_was_killed_is_working_again_after_its_restart(
    tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    start("devices.simulate", "receipt-printer", "--link", str(tmp_path / "receipt-printer"))
    file = config(tmp_path)
    for job in ("first", "second"):
        host = start("devices", "--config", str(file))
        with connect(tmp_path / "devices.sock") as peer:
            while peer.call("status")["receipt_printer"]["state"] != "online":
                threading.Event().wait(0.05)
            peer.call("slip_printer.print", job=job, page=SLIP)
            outcomes = [m.params for m in peer.notifications(1.0) if m.method == "slip_printer.outcome"]
            assert outcomes == [{"job": job, "outcome": {"verdict": "printed", "fault": "none"}}]
            host.kill()
            host.wait()


@pytest.mark.fault(122)
def test_settings_that_are_wrong_stop_the_start_with_the_place(
    tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    file = tmp_path / "linban.toml"
    file.write_text('[devices.receipt_printer]\nport = "/x"\nmodel = "typewriter"\n', encoding="utf-8")
    process = start("devices", "--config", str(file))
    assert process.wait(timeout=10) == 2
    assert process.stderr is not None
    assert b"devices.receipt_printer.model" in process.stderr.read()


def test_a_script_pulls_the_plug_at_the_byte_it_names(
    tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    script = tmp_path / "faults.yaml"
    script.write_text('- {at: "byte 700", do: unplug, for_s: 0.3}\n', encoding="utf-8")
    link, control = tmp_path / "sam", tmp_path / "sam.sock"
    start(
        "devices.simulate",
        "id-card-reader",
        "--link",
        str(link),
        "--control",
        str(control),
        "--script",
        str(script),
    )
    with connect(control) as hands:
        hands.call("place_card", card="测试甲")
        from devices.id_card.driver import SdtReader
        from devices.transport.address import port_at
        from kiosk.ports import CardFault, CardNotRead, CardRead

        reader = SdtReader(port_at(str(link)))
        reader.open()
        assert reader.read(3, threading.Event(), lambda: None) == CardNotRead(fault=CardFault.NO_ANSWER)
        states = [m.params["plugged"] for m in hands.notifications(0.6) if m.method == "state"]
        assert states[-2:] == [False, True]
        assert reader.open().usable
        assert isinstance(reader.read(3, threading.Event(), lambda: None), CardRead)
        reader.close()


def test_a_script_that_is_none_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    script = tmp_path / "faults.yaml"
    script.write_text('- {at: "noon", do: unplug}\n', encoding="utf-8")
    result = CliRunner().invoke(simulate, ["id-card-reader", "--script", str(script)])
    assert result.exit_code == 2
    assert "byte N" in result.output


def test_the_help_shows_how_to_use_it() -> None:
    result = CliRunner().invoke(simulate, ["--help"])
    assert result.exit_code == 0
    assert "place_card" in result.output
    assert "Examples:" in result.output


@pytest.mark.parametrize(
    ("device", "method", "params"),
    [
        ("id-card-reader", "place_card", {"card": "nobody"}),
        ("id-card-reader", "place_card", {"fields": {"shoe_size": "44"}}),
        ("receipt-printer", "set", {"paper": "wet"}),
        ("receipt-printer", "last_slip", {}),
        ("barcode-scanner", "scan", {}),
        ("barcode-scanner", "fault", {"do": "explode"}),
    ],
)
def test_a_hand_that_does_the_impossible_is_told_so(
    tmp_path: Path, device: str, method: str, params: dict[str, Any]
) -> None:
    from devices.simulate import SIMULATORS

    with SIMULATORS[device](tmp_path / "port", None, []) as simulator:
        simulator.start()
        simulator.serve_control(tmp_path / "control.sock")
        with connect(tmp_path / "control.sock") as hands:
            with pytest.raises(IpcError):
                hands.call(method, **params)
            assert hands.call("state")["plugged"] is True
