"""A stage with USB sockets that are not there, run by the system's Python (it has umockdev's bindings).

    usb_stage.py KIND TCP-PORT [BUS-PATH]      KIND: sam, sam-two-pairs, sam-twin, sam-stalled,
                                               printer, hid, hid-shifted (junk before each answer)

Whoever is started under umockdev's preload with UMOCKDEV_DIR set to the first line printed here sees, through
the real libusb, libudev and kernel interfaces, one device in the socket BUS-PATH.  Its bytes go to and from
the simulator that listens on TCP-PORT; when the simulator pulls its plug, the device leaves the socket.
Further lines tell what was asked of the kernel: `claim 0`, `detach 0`, `stall 129`.
"""

import errno
import os
import socket
import struct
import sys
import tty
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("UMockdev", "1.0")
from gi.repository import GLib, UMockdev  # type: ignore[import-not-found]  # noqa: E402

KIND, TCP_PORT = sys.argv[1], int(sys.argv[2])
BUS_PATH = sys.argv[3] if len(sys.argv) > 3 else "1-2"
HELD_MS = 4
RETRY_MS = 20
REPORT_BYTES = 64

CAPABILITIES, GET_DRIVER, CLAIM, RELEASE = 0x8004551A, 0x41045508, 0x8004550F, 0x80045510
DRIVER_IOCTL, CLEAR_HALT, SET_INTERFACE = 0xC0105512, 0x80045515, 0x80085504
SUBMIT, DISCARD, REAP, REAP_NOW = 0x8038550A, 0x550B, 0x4008550C, 0x4008550D
DISCONNECT, CONNECT = 0x5516, 0x5517
URB_BYTES = 56

Answer = tuple[int | None, int]
"""What the call returns, None for "later", and errno."""


def say(*words: object) -> None:
    print(*words, flush=True)


def descriptors() -> bytes:
    """Device, configuration, interfaces and pipes, as the device would send them (USB 2.0, chapter 9)."""
    interface_class, vendor, product = (0xFF, 0x0400, 0xC35A)
    pipes = [0x02, 0x81]
    if KIND == "sam-two-pairs":
        pipes = [0x06, 0x85, 0x02, 0x81]
    if KIND == "printer":
        interface_class, vendor, product = (7, 0x0416, 0x5011)
        pipes = [0x01, 0x82]
    device = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, vendor, product, 0x0100, 0, 0, 0, 1)
    body = struct.pack("BBBBBBBBB", 9, 4, 0, 0, len(pipes), interface_class, 1, 2, 0)
    for pipe in pipes:
        body += struct.pack("<BBBBHB", 7, 5, pipe, 2, 64, 0)
    return device + struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, 1, 0, 0x80, 50) + body


class Kernel:
    """What usbfs answers to libusb, and the device's bytes."""

    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.flying: list[tuple[Any, Any, int]] = []
        self.landed: list[tuple[Any, int, int, Any, bytes]] = []
        self.incoming = bytearray()
        self.reaper: Any = None
        self.claimed = False
        self.driver = "usblp" if KIND == "printer" else ""
        self.stall = KIND == "sam-stalled"
        self.used: set[int] = set()
        self.gone = False
        self.base = UMockdev.IoctlBase()
        self.base.connect("handle-ioctl", self.handle)

    def handle(self, _base: Any, client: Any) -> bool:
        request = client.get_request() & 0xFFFFFFFF
        if self.gone and request not in (REAP, REAP_NOW, DISCARD):
            client.complete(-1, errno.ENODEV)
            return True
        result, error = self.answer(request, client)
        if result is not None:
            client.complete(result, error)
        return True

    def answer(self, request: int, client: Any) -> Answer:
        argument = client.get_arg()
        if request == CAPABILITIES:
            argument.resolve(0, 4).update(0, struct.pack("I", 0))
        elif request == GET_DRIVER:
            driver = "usbfs" if self.claimed else self.driver
            if not driver:
                return -1, errno.ENODATA
            argument.resolve(0, 260).update(4, driver.encode().ljust(256, b"\0"))
        elif request == CLAIM:
            if self.driver or self.claimed:
                return -1, errno.EBUSY
            self.claimed = True
            say("claim", self.number(argument))
        elif request == RELEASE:
            self.claimed = False
            say("release", self.number(argument))
        elif request == DRIVER_IOCTL:
            return self.driver_ioctl(argument)
        elif request == CLEAR_HALT:
            self.stall = False
            say("clear", self.number(argument))
        elif request == SET_INTERFACE:
            say("alternate")
        elif request == SUBMIT:
            return self.submit(argument)
        elif request == DISCARD:
            return self.discard(argument)
        elif request in (REAP, REAP_NOW):
            return self.reap(client)
        else:
            say("unknown", hex(request))
            return -1, errno.ENOTTY
        return 0, 0

    @staticmethod
    def number(argument: Any) -> int:
        return int.from_bytes(bytes(argument.resolve(0, 4).retrieve()), sys.byteorder)

    def driver_ioctl(self, argument: Any) -> Answer:
        interface, code = struct.unpack("iI", bytes(argument.resolve(0, 16).retrieve())[:8])
        if code & 0xFFFF == DISCONNECT:
            if not self.driver:
                return -1, errno.ENODATA
            self.driver = ""
            say("detach", interface)
        elif code & 0xFFFF == CONNECT:
            self.driver = "usblp"
            say("attach", interface)
        return 0, 0

    def submit(self, argument: Any) -> Answer:
        urb = argument.resolve(0, URB_BYTES)
        head = bytes(urb.retrieve())
        pipe, length = head[1], struct.unpack_from("i", head, 24)[0]
        buffer: Any = urb.resolve(16, length) if length else None
        if pipe not in self.used:
            self.used.add(pipe)
            say("pipe", pipe)
        if self.stall:
            say("stall", pipe)
            self.land(urb, -errno.EPIPE, 0)
        elif pipe & 0x80:
            self.flying.append((urb, buffer, length))
            self.fill()
        else:
            self.stage.send(bytes(buffer.retrieve()))
            self.land(urb, 0, length)
        return 0, 0

    def discard(self, _argument: Any) -> Answer:
        # One transfer flies at a time: this is the one.
        if not self.flying:
            return -1, errno.EINVAL
        urb, _buffer, _length = self.flying.pop()
        self.land(urb, -errno.ENOENT, 0)
        return 0, 0

    def land(self, urb: Any, status: int, moved: int, buffer: Any = None, piece: bytes = b"") -> None:
        self.landed.append((urb, status, moved, buffer, piece))
        if self.reaper is not None:
            client, self.reaper = self.reaper, None
            client.complete(*self.reap_now(client))

    def fill(self) -> None:
        """One packet after another, until one is short or the transfer is full."""
        while self.flying and self.incoming:
            urb, buffer, length = self.flying.pop(0)
            piece = bytes(self.incoming[:length])
            del self.incoming[:length]
            self.land(urb, 0, len(piece), buffer, piece)

    def reap(self, client: Any) -> Answer:
        if self.landed or self.gone:
            return self.reap_now(client)
        self.reaper = client
        GLib.timeout_add(HELD_MS, self.let_go, client)
        return None, 0

    def let_go(self, client: Any) -> bool:
        if self.reaper is client:
            self.reaper = None
            client.complete(-1, errno.EAGAIN)
        return False

    def reap_now(self, client: Any) -> Answer:
        if not self.landed:
            return -1, errno.ENODEV if self.gone else errno.EAGAIN
        urb, status, moved, buffer, piece = self.landed.pop(0)
        if piece:
            buffer.update(0, piece)
        urb.update(4, struct.pack("i", status))
        urb.update(28, struct.pack("i", moved))
        client.get_arg().resolve(0, 8).set_ptr(0, urb)
        return 0, 0

    def pull(self) -> None:
        self.gone = True
        for urb, _buffer, _length in self.flying:
            self.landed.append((urb, -errno.ESHUTDOWN, 0, None, b""))
        self.flying.clear()
        if self.reaper is not None:
            client, self.reaper = self.reaper, None
            client.complete(*self.reap_now(client))


class Stage:
    """The socket, and the line to the simulator behind it."""

    def __init__(self) -> None:
        self.testbed = UMockdev.Testbed.new()
        say(self.testbed.get_root_dir())
        self.line: Any = None
        self.number = 3
        self.kernel: Any = None
        self.devices: list[str] = []
        self.reports = bytearray()
        self.numbers: set[int] = set()
        self.master = self.slave = -1
        self.watches: list[int] = []
        self.look()

    def look(self) -> bool:
        if self.line is None:
            try:
                self.line = socket.create_connection(("127.0.0.1", TCP_PORT), timeout=1)
            except OSError:
                GLib.timeout_add(RETRY_MS, self.look)
                return False
            self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.plug()
            self.watches.append(
                GLib.io_add_watch(self.line.fileno(), GLib.IO_IN | GLib.IO_HUP, self.from_simulator)
            )
        return False

    def plug(self) -> None:
        self.number += 1
        if KIND == "sam-twin" and self.number == 4:
            # The same model in a socket before ours, which answers nothing.
            self.usb_device("1-1", 2)
        folder, node = self.usb_device(BUS_PATH, self.number)
        if KIND == "printer":
            self.add(
                f"{folder}/{BUS_PATH}:1.0",
                "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nA: bInterfaceClass=07\\n\n",
            )
        if KIND.startswith("hid"):
            self.plug_hid(folder)
        else:
            self.kernel = Kernel(self)
            self.testbed.attach_ioctl(f"/dev/{node}", self.kernel.base)
        for device in self.devices:
            self.testbed.uevent(device, "add")
        say("plugged", self.number)

    def usb_device(self, bus_path: str, number: int) -> tuple[str, str]:
        """Put a device into a socket; its place in sysfs and its node."""
        bus, _, sockets = bus_path.partition("-")
        folder = f"/devices/pci0000:00/0000:00:14.0/usb{bus}/{bus_path}"
        node = f"bus/usb/{int(bus):03}/{number:03}"
        blob = descriptors().hex().upper()
        vendor, product = (
            (0x2B8B, 0x2721) if KIND.startswith("hid") else struct.unpack_from("<HH", descriptors(), 8)
        )
        self.add(
            folder,
            f"N: {node}={blob}\nE: DEVNAME=/dev/{node}\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\nE: DRIVER=usb\n"
            f"E: PRODUCT={vendor:x}/{product:x}/100\nE: BUSNUM={int(bus):03}\nE: DEVNUM={number:03}\n"
            f"E: MAJOR=189\nE: MINOR={number - 1}\nA: bConfigurationValue=1\\n\nA: busnum={bus}\\n\n"
            f"A: devnum={number}\\n\nA: devpath={sockets}\\n\nA: speed=12\\n\nA: idVendor={vendor:04x}\\n\n"
            f"A: idProduct={product:04x}\\n\nH: descriptors={blob}\n",
        )
        return folder, node

    def plug_hid(self, folder: str) -> None:
        interface = f"{folder}/{BUS_PATH}:1.0"
        hid = f"{interface}/0003:2B8B:2721.0001"
        self.add(interface, "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nE: DRIVER=usbhid\n")
        self.add(hid, "E: SUBSYSTEM=hid\nE: DRIVER=hid-generic\nE: HID_ID=0003:00002B8B:00002721\n")
        self.add(
            f"{hid}/hidraw/hidraw0",
            "E: DEVNAME=/dev/hidraw0\nE: MAJOR=240\nE: MINOR=0\nE: SUBSYSTEM=hidraw\nL: device=../..\n",
        )
        # The node is a pty of ours: bytes both ways, and an end when the device goes.
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.node().symlink_to(os.ttyname(self.slave))
        self.watches.append(GLib.io_add_watch(self.master, GLib.IO_IN, self.from_terminal))

    def node(self) -> Path:
        return Path(self.testbed.get_root_dir(), "dev", "hidraw0")

    def add(self, folder: str, rest: str) -> None:
        self.testbed.add_from_string(f"P: {folder}\n{rest}\n")
        self.devices.append(f"/sys{folder}")

    def unplug(self) -> None:
        for watch in self.watches:
            GLib.source_remove(watch)
        self.watches.clear()
        if self.kernel is not None:
            self.kernel.pull()
        for device in reversed(self.devices):
            self.testbed.uevent(device, "remove")
            self.testbed.remove_device(device)
        self.devices.clear()
        if self.master >= 0:
            self.node().unlink()
            os.close(self.master)
            os.close(self.slave)
            self.master = self.slave = -1
            self.reports.clear()
        self.line.close()
        self.line = None
        say("unplugged")
        GLib.timeout_add(RETRY_MS, self.look)

    def send(self, data: bytes) -> None:
        try:
            self.line.sendall(data)
        except OSError:
            pass

    def from_simulator(self, _descriptor: int, _condition: Any) -> bool:
        try:
            data = self.line.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.watches.pop()
            self.unplug()
            return False
        if KIND.startswith("hid"):
            data = (b"\5\0\0\0\0\0" if KIND == "hid-shifted" else b"") + data
            for start in range(0, len(data), REPORT_BYTES):
                os.write(self.master, data[start : start + REPORT_BYTES].ljust(REPORT_BYTES, b"\0"))
        else:
            self.kernel.incoming += data
            self.kernel.fill()
        return True

    def from_terminal(self, descriptor: int, _condition: Any) -> bool:
        self.reports += os.read(descriptor, 4096)
        while len(self.reports) > REPORT_BYTES:
            number, report = self.reports[0], bytes(self.reports[1 : 1 + REPORT_BYTES])
            del self.reports[: 1 + REPORT_BYTES]
            if number not in self.numbers:
                # Once: nobody needs to read these lines, and a full pipe would stop the stage.
                self.numbers.add(number)
                say("report", number, len(report))
            self.send(report)
        return True


stage = Stage()
say("ready")
GLib.MainLoop().run()
