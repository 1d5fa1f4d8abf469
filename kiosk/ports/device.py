"""What every driver promises. This file is the driver author's manual.

**Threads.**  Each device has exactly one thread, named after its class, and every method of its port is
called from that thread only.  A driver may therefore block, as long as it keeps two promises: no call
lasts longer than the `timeout_s` it was given plus one second, and a call returns at once (with a value
that says so) when `cancel` is set.  Drivers start no threads and know no other device.

**Vocabulary.**  States, media, supplies and capabilities are those of CEN XFS4IoT
(`kiosk.domain.device_status`).  Each command ends in exactly one outcome, and each outcome stands for
exactly one completion code: `completion_of` says which.

**Faults.**  A device that is absent, silent, empty, jammed or unplugged is ordinary: say it with a
`DeviceStatus` or an outcome.  Raise only what is a bug.  When the port vanishes under a call, close it,
end the call with an outcome that claims nothing (`unconfirmed`, `CardFault.NO_ANSWER`), and let the
device thread call `open` again with back-off: a driver never loops on its own.

**Events.**  What happens without being asked (a slip taken, a card lifted, a button pressed) is put into
the list that `events` empties; the device thread passes it on.

**Exclusive use.**  `open` claims the transport for this process alone; a session claims the device
(`devices.claim`); a command that comes without a claim, or while another one runs, is refused and has no
effect.

**Truth.**  A driver never reports more than the device said.  Bytes written are not paper printed;
silence is not "paper ok"; a read that stopped one byte early is not an identity.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceCapabilities, DeviceStatus


class DevicePort(ABC):
    """What every driver has."""

    @abstractmethod
    def open(self) -> DeviceStatus:
        """Open the transport exclusively, initialise the device and say what was found.

        Called again after every loss.  A status other than online or user_error means that the
        transport is closed again and `open` will be called later.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the transport. May be called twice, and on a device that was never opened."""

    @abstractmethod
    def status(self) -> DeviceStatus:
        """Ask the device how it is (at most 1 s). `no_device` or `offline` closes the transport."""

    @abstractmethod
    def capabilities(self) -> DeviceCapabilities:
        """What the device told of itself while opening."""

    def events(self) -> list[DeviceEvent]:
        """What has happened unasked since the last call; most devices have nothing to tell."""
        return []
