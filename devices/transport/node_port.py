"""A line through a node in /dev: opened without waiting, and closed however its device went."""

from __future__ import annotations

import os
from contextlib import suppress

from devices.transport.byte_port import PortFault, PortLost
from devices.transport.descriptor_port import DescriptorPort, open_fault
from kiosk.clock import Clock


class NodePort(DescriptorPort):
    """What the kinds of nodes share; each says in `open` what it opens, and how."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._fd: int | None = None

    @property
    def is_open(self) -> bool:
        """See `BytePort`."""
        return self._fd is not None

    def close(self) -> None:
        """See `BytePort`."""
        descriptor, self._fd = self._fd, None
        if descriptor is not None:
            with suppress(OSError):  # a vanished device cannot be closed politely
                os.close(descriptor)

    def _open_node(self, path: str | os.PathLike[str], access: int) -> int:
        """Open it anew, `access` being os.O_RDWR or os.O_RDONLY. Raises `PortLost`."""
        self.close()
        try:
            self._fd = os.open(path, access | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError as error:
            raise PortLost(open_fault(error)) from error
        return self._fd

    def _descriptor(self) -> int:
        if self._fd is None:
            raise PortLost(PortFault.LOST)
        return self._fd
