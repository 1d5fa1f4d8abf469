"""One keyboard's event node (/dev/input/…-event-kbd), taken for this process alone.

The grab (EVIOCGRAB) keeps the kernel from handing the keys to anybody else, so that a code can never be
typed into a field, a shell or a login.  Without it the node is not open.  Request numbers: linux/input.h.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from devices.scanner import key_codes as keys
from devices.transport.byte_port import PortFault, PortLost
from devices.transport.descriptor_port import open_fault
from devices.transport.node_port import NodePort
from kiosk.clock import Clock

EVIOCGRAB: Final = 0x40044590
_KEY_BYTES: Final = 96
"""KEY_MAX is 0x2ff."""
_LED_BYTES: Final = 8
_READ_BYTES: Final = 24 * 64

Control = Callable[..., Any]
"""(descriptor, request, number or buffer): what `fcntl.ioctl` takes."""


def request(number: int, size: int) -> int:
    """`_IOC(_IOC_READ, 'E', number, size)`."""
    return 2 << 30 | size << 16 | ord("E") << 8 | number


EVIOCGKEY: Final = request(0x18, _KEY_BYTES)
EVIOCGLED: Final = request(0x19, _LED_BYTES)
EVIOCGBIT_KEY: Final = request(0x20 + keys.EV_KEY, _KEY_BYTES)


class NotAKeyboard(PortLost):
    """The node is there and does not type letters."""


class EvdevNode(NodePort):
    """The node at `path`. `control` is ioctl; a test that has no such device gives its own."""

    def __init__(self, path: str, clock: Clock, control: Control | None = None) -> None:
        super().__init__(clock)
        self.path = path
        self._control: Control = control or fcntl.ioctl

    def open(self) -> None:
        """See `BytePort`: open and grab. Raises `PortLost`, `NotAKeyboard` among them."""
        descriptor = self._open_node(self.path, os.O_RDONLY)
        try:
            if not self._types_letters():
                raise NotAKeyboard(PortFault.REFUSED)
            self._control(descriptor, EVIOCGRAB, 1)
        except OSError as error:
            self.close()
            if error.errno in (errno.ENOTTY, errno.EINVAL):
                raise NotAKeyboard(PortFault.REFUSED) from error
            raise PortLost(open_fault(error)) from error
        except NotAKeyboard:
            self.close()
            raise
        self.drop_input()

    def close(self) -> None:
        """See `BytePort`: let go of the keys, which closing does too."""
        if self._fd is not None:
            with suppress(OSError):  # never grabbed, or unplugged: nothing is held any more
                self._control(self._fd, EVIOCGRAB, 0)
        super().close()

    def keys_held(self) -> frozenset[int]:
        """The keys that are down now. Raises `PortLost`."""
        return _bits(self._ask(EVIOCGKEY, _KEY_BYTES))

    def caps_lock(self) -> bool:
        """Whether its light is on; a keyboard without lights has none. Raises `PortLost`."""
        return keys.LED_CAPS_LOCK in _bits(self._ask(EVIOCGLED, _LED_BYTES))

    def _types_letters(self) -> bool:
        bits = bytearray(_KEY_BYTES)
        self._control(self._descriptor(), EVIOCGBIT_KEY, bits)
        return set(keys.TYPED) | {keys.ENTER} <= _bits(bits)

    def _ask(self, number: int, size: int) -> bytearray:
        bits = bytearray(size)
        try:
            self._control(self._descriptor(), number, bits)
        except OSError as error:
            raise self._lose() from error
        return bits

    def _read(self, descriptor: int) -> bytes:
        data = os.read(descriptor, _READ_BYTES)
        if not data:
            raise OSError(errno.ENODEV, "end of file")
        return data


def _bits(data: bytearray) -> frozenset[int]:
    return frozenset(
        index * 8 + bit for index, byte in enumerate(data) if byte for bit in range(8) if byte >> bit & 1
    )
