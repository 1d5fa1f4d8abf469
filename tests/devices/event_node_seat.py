"""The keyboard scanner's driver, or a stranger, before an event node: run under umockdev's preload, asked in JSON lines.

    event_node_seat.py ADDRESS

Answers `open`, `scan SECONDS`, `status`, `close` (the driver); `intrude`, `overhear` (a program that opens the node
without grabbing it, and reads what it can); `watch` tells each move on udev's line from then on.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from devices.scanner.evdev_node import EvdevNode
from devices.scanner.keyboard_driver import KeyboardScanner
from devices.transport.hotplug import HotplugWatch
from kiosk.clock import SystemClock
from kiosk.ports import NotScanned, Scan


def say(**answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def main() -> None:
    address, clock = sys.argv[1], SystemClock()
    driver = KeyboardScanner(EvdevNode(address, clock), clock=clock)
    watch = HotplugWatch(lambda: say(moved=True), clock)
    stranger = -1
    say(ready=True)
    for line in sys.stdin:
        match line.split():
            case ["open"]:
                status = driver.open()
                say(state=status.state, detail=status.detail)
            case ["scan", seconds]:
                match driver.next_scan(float(seconds), threading.Event()):
                    case Scan(text=text):
                        say(text=text)
                    case NotScanned(fault=fault):
                        say(fault=fault)
                    case None:
                        say(text=None)
            case ["status"]:
                say(state=driver.status().state)
            case ["close"]:
                driver.close()
                say(closed=True)
            case ["intrude"]:
                stranger = os.open(address, os.O_RDONLY | os.O_NONBLOCK)
                say(open=True)
            case ["overhear"]:
                try:
                    say(heard=len(os.read(stranger, 4096)))
                except OSError as error:
                    say(heard=0, errno=error.errno)
            case ["watch"]:
                watch.start()
                say(watching=True)


main()
