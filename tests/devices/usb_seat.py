"""The product's own port, driver and device thread on a stage: run under umockdev's preload, asked in JSON lines.

    usb_seat.py ADDRESS

Answers `open`, `read`, `status`, `check`, `raw HEX`, `plugged`, `reach ADDRESS`, `close`; after `serve` or `serve-deaf` (without udev)
it runs a device thread and tells each status with the moment it came.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from devices.device_thread import DeviceThread
from devices.duty import Desk
from devices.id_card.driver import SdtReader
from devices.identity_duty import IdCardDuty
from devices.transport.address import port_at
from devices.transport.byte_port import BytePort, Canceled, PortLost
from devices.transport.hotplug import HotplugWatch
from devices.transport.plugged_in import plugged_in, reach
from kiosk.clock import SystemClock
from kiosk.domain.device_status import DeviceClass, DeviceStatus
from kiosk.ports import CardNotRead, CardRead

CLOCK = SystemClock()


def say(**answer: Any) -> None:
    print(json.dumps(answer | {"at": time.monotonic()}), flush=True)


def serve(reader: SdtReader, deaf: bool) -> None:
    desk = Desk(
        device=DeviceClass.ID_CARD_READER,
        attached=True,
        notify=lambda _method, _params: None,
        tell_busy=lambda: None,
        clock=CLOCK,
        run_dir=Path(),
    )

    def publish(_device: DeviceClass, status: DeviceStatus) -> None:
        say(state=status.state)

    thread = DeviceThread(DeviceClass.ID_CARD_READER, reader, IdCardDuty(desk), CLOCK, publish)

    def moved() -> None:
        say(moved=True)
        thread.plug_moved()

    watch = HotplugWatch(moved)
    if not deaf:
        watch.start()
    thread.start()
    sys.stdin.readline()
    watch.close()
    thread.stop()
    thread.join(2)


def listen(port: BytePort, seconds: float, cancel_after: float) -> dict[str, Any]:
    cancel = threading.Event()
    timer = threading.Timer(cancel_after, cancel.set)
    timer.start()
    started = time.monotonic()
    try:
        ended = "data" if port.read_some(CLOCK.monotonic() + seconds, cancel) else "deadline"
    except Canceled:
        ended = "canceled"
    taken = time.monotonic() - started
    timer.cancel()
    timer.join()
    return {"ended": ended, "took": taken}


def main() -> None:
    port = port_at(sys.argv[1])
    reader = SdtReader(port)
    say(ready=True)
    for line in sys.stdin:
        match line.split():
            case ["open"]:
                status = reader.open()
                say(state=status.state, serial=reader.capabilities().serial_number, open=port.is_open)
            case ["read"]:
                outcome = reader.read(5, threading.Event(), lambda: None)
                fault = outcome.fault if isinstance(outcome, CardNotRead) else None
                name = outcome.document.name if isinstance(outcome, CardRead) else None
                say(outcome=type(outcome).__name__, fault=fault, name=name)
            case ["status"]:
                say(state=reader.status().state, open=port.is_open)
            case ["raw", data]:
                port.open()
                port.write_some(bytes.fromhex(data), CLOCK.monotonic() + 1)
                say(answer=port.read_some(CLOCK.monotonic() + 1).hex())
            case ["check"]:
                try:
                    port.check()
                    say(fault=None)
                except PortLost as lost:
                    say(fault=lost.fault)
            case ["listen", seconds, cancel_after]:
                say(**listen(port, float(seconds), float(cancel_after)))
            case ["plugged"]:
                say(found=[[found.address, found.what, found.reach] for found in plugged_in()])
            case ["reach", address]:
                say(reach=reach(address))
            case ["close"]:
                reader.close()
                say(open=port.is_open)
            case ["serve"]:
                serve(reader, deaf=False)
                return
            case ["serve-deaf"]:
                serve(reader, deaf=True)
                return


main()
