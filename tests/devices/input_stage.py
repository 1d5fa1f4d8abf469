"""A stage with one keyboard that is not there, run by the system's Python (it has umockdev's bindings).

    input_stage.py PIPE

Whoever is started under umockdev's preload with UMOCKDEV_DIR set to the first line printed here sees an event
node and its name below /dev/input/by-id, and gets from them what the kernel's evdev gives: whole events to
every client, or to the one that has grabbed the node; its answers to the questions of linux/input.h; and, once
unplugged, a hang-up and ENODEV.  The events come out of the named pipe that the simulator makes at PIPE; when
that goes, so does the device.  Further lines tell what the node went through: `plugged NODE`, `grab`, `release`,
`refused`, `heard N` (keys went to N clients, because none of them had grabbed the node), `unplugged`.

What the kernel does and this does not: lose events of a client that does not read (it keeps 64 and says
SYN_DROPPED), wake a client for its own events only (here all of one node wake up together), and move the
lights.
"""

import errno
import os
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("UMockdev", "1.0")
from gi.repository import GLib, UMockdev  # type: ignore[import-not-found]  # noqa: E402

PIPE = Path(sys.argv[1])
RETRY_MS = 20
LOOK_MS = 10
EVENT_BYTES = 24
EV_KEY, RELEASED, REPEATED = 1, 0, 2
KEYS = frozenset(range(1, 120))
ID = bytes.fromhex("0300 2d1a 0148 1101")
"""Of a USB device (bus 3): invented."""
NAME = b"Scanner that types\0"
VERSION, GET_ID, GRAB, GET_NAME, GET_KEYS, GET_LIGHTS, GET_KINDS = 0x01, 0x02, 0x90, 0x06, 0x18, 0x19, 0x20
KEY_BYTES = 96

Answer = tuple[int, int]
"""What the call returns, and errno."""


def say(*words: object) -> None:
    # In one piece: umockdev asks on a thread of its own.
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def bits(numbers: frozenset[int] | set[int], size: int) -> bytes:
    return sum(1 << number for number in numbers).to_bytes(max(size, KEY_BYTES), "little")


class Node:
    """One event node, from its plug to its last client."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self.waiting: dict[Any, bytearray] = {}
        self.holder: Any = None
        self.held: set[int] = set()
        self.gone = self.rung = False
        self.path = path
        # Clients wait on this pipe: it has one byte in it while there is something to read, and hangs up.
        os.mkfifo(path, 0o600)
        self.bell = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.base = UMockdev.IoctlBase()
        self.base.connect("client-connected", self.came)
        self.base.connect("handle-ioctl", self.asked)
        self.base.connect("handle-read", self.read)
        GLib.timeout_add(LOOK_MS, self.look)

    # -- the device ----------------------------------------------------------------------------------

    def press(self, events: bytes) -> None:
        self.look()
        with self.lock:
            self._follow(events)
            if self.holder is None and self.waiting:
                say("heard", len(self.waiting))
            for client, waiting in self.waiting.items():
                if self.holder in (None, client):
                    waiting += events
            self._ring()

    def pull(self) -> None:
        with self.lock:
            self.gone, self.holder = True, None
            self.path.unlink()
            os.close(self.bell)

    def _follow(self, events: bytes) -> None:
        for start in range(0, len(events), EVENT_BYTES):
            kind, code, value = (
                int.from_bytes(events[start + at : start + at + size], sys.byteorder)
                for at, size in ((16, 2), (18, 2), (20, 4))
            )
            if kind == EV_KEY and value != REPEATED:
                (self.held.discard if value == RELEASED else self.held.add)(code)

    def _ring(self) -> None:
        wanted = any(self.waiting.values())
        if wanted and not self.rung:
            os.write(self.bell, b"!")
        elif self.rung and not wanted:
            os.read(self.bell, 1)
        self.rung = wanted

    # -- its clients ---------------------------------------------------------------------------------

    def came(self, _base: Any, client: Any) -> None:
        with self.lock:
            self.waiting[client] = bytearray()

    def look(self) -> bool:
        """Whoever has closed the node, or has died, holds nothing any more: umockdev has no signal that tells it."""
        with self.lock:
            for client in [client for client in self.waiting if not client.get_connected()]:
                del self.waiting[client]
                if self.holder is client:
                    self.holder = None
                    say("release")
            if not self.gone:
                self._ring()
            return not self.gone

    def read(self, _base: Any, client: Any) -> bool:
        with self.lock:
            argument, waiting = client.get_arg(), self.waiting[client]
            room = argument.data_length1 or len(bytes(argument.retrieve()))
            if self.gone:
                client.complete(-1, errno.ENODEV)
            elif room < EVENT_BYTES:
                client.complete(-1, errno.EINVAL)
            elif not waiting:
                client.complete(-1, errno.EAGAIN)
            else:
                events = bytes(waiting[: room - room % EVENT_BYTES])
                del waiting[: len(events)]
                argument.update(0, events)
                self._ring()
                client.complete(len(events), 0)
            return True

    def asked(self, _base: Any, client: Any) -> bool:
        with self.lock:
            client.complete(*self.answer(client))
            return True

    def answer(self, client: Any) -> Answer:
        if self.gone:
            return -1, errno.ENODEV
        request, argument = client.get_request() & 0xFFFFFFFF, client.get_arg()
        size, family, number = request >> 16 & 0x3FFF, request >> 8 & 0xFF, request & 0xFF
        if family != ord("E"):
            return -1, errno.ENOTTY
        if number == GRAB:
            return self.grab(client, int.from_bytes(bytes(argument.retrieve()), sys.byteorder))
        told = {
            VERSION: (0x010001).to_bytes(4, sys.byteorder),
            GET_ID: ID,
            GET_NAME: NAME,
            GET_KEYS: bits(self.held, size),
            GET_LIGHTS: bytes(size),
            GET_KINDS: bits({0, EV_KEY}, size),
            GET_KINDS + EV_KEY: bits(KEYS, size),
        }.get(number)
        if told is None:
            return -1, errno.EINVAL
        argument.resolve(0, size).update(0, told[:size])
        return len(told[:size]), 0

    def grab(self, client: Any, wanted: int) -> Answer:
        self.look()
        if wanted and self.holder is not None:
            say("refused")
            return -1, errno.EBUSY
        if not wanted and self.holder is not client:
            return -1, errno.EINVAL
        self.holder = client if wanted else None
        say("grab" if wanted else "release")
        return 0, 0


class Stage:
    """The socket, and the pipe from the simulator behind it."""

    def __init__(self) -> None:
        self.testbed = UMockdev.Testbed.new()
        self.root = Path(self.testbed.get_root_dir())
        say(self.root)
        self.number = 6
        self.node: Any = None
        self.devices: list[str] = []
        self.pipe = -1
        self.half = b""
        self.look()

    def look(self) -> bool:
        try:
            self.pipe = os.open(PIPE, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            GLib.timeout_add(RETRY_MS, self.look)
            return False
        assert stat.S_ISFIFO(os.fstat(self.pipe).st_mode)
        self.plug()
        GLib.io_add_watch(self.pipe, GLib.IO_IN | GLib.IO_HUP, self.from_simulator)
        return False

    def plug(self) -> None:
        # As the kernel does it with a device that somebody still has open: it comes back under another number.
        self.number += 1
        event = f"event{self.number}"
        folder = "/devices/pci0000:00/0000:00:01.2/usb1/1-3"
        keyboard = f"{folder}/1-3:1.0/0003:1A2D:4801.0001/input/input{self.number}"
        self.add(folder, "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n")
        self.add(keyboard, "E: SUBSYSTEM=input\nE: ID_INPUT=1\nE: ID_INPUT_KEYBOARD=1\n")
        nodes = self.root / "dev" / "input"
        (nodes / "by-id").mkdir(parents=True, exist_ok=True)
        self.node = Node(nodes / event)
        name = nodes / "by-id" / "usb-scanner-event-kbd"
        self.testbed.attach_ioctl(f"/dev/input/{event}", self.node.base)
        self.testbed.attach_ioctl(f"/dev/input/by-id/{name.name}", self.node.base)
        self.add(
            f"{keyboard}/{event}",
            f"E: DEVNAME=/dev/input/{event}\nE: SUBSYSTEM=input\nE: ID_INPUT=1\nE: ID_INPUT_KEYBOARD=1\n"
            f"E: DEVLINKS=/dev/input/by-id/{name.name}\nE: MAJOR=13\nE: MINOR={64 + self.number}\n",
        )
        name.symlink_to(f"../{event}")
        self.name = name
        say("plugged", event)
        for device in self.devices:
            self.testbed.uevent(device, "add")

    def add(self, folder: str, rest: str) -> None:
        self.testbed.add_from_string(f"P: {folder}\n{rest}\n")
        self.devices.append(f"/sys{folder}")

    def unplug(self) -> None:
        self.node.pull()
        self.name.unlink()
        for path in (f"/dev/input/{self.node.path.name}", f"/dev/input/by-id/{self.name.name}"):
            self.testbed.detach_ioctl(path)
        for device in reversed(self.devices):
            self.testbed.uevent(device, "remove")
            self.testbed.remove_device(device)
        self.devices.clear()
        os.close(self.pipe)
        self.half = b""
        say("unplugged")
        GLib.timeout_add(RETRY_MS, self.look)

    def from_simulator(self, _descriptor: int, _condition: Any) -> bool:
        data = os.read(self.pipe, 65536)
        if not data:
            self.unplug()
            return False
        # The kernel makes an event when it is whole.
        data = self.half + data
        whole = len(data) - len(data) % EVENT_BYTES
        self.half = data[whole:]
        if whole:
            self.node.press(data[:whole])
        return True


stage = Stage()
say("ready")
GLib.MainLoop().run()
