"""What a device is said to be when its port cannot be used."""

from __future__ import annotations

from devices.transport.byte_port import PortFault
from kiosk.domain.device_status import DeviceDetail, DeviceState, DeviceStatus


def lost_status(fault: PortFault) -> DeviceStatus:
    """The status behind a port fault."""
    if fault is PortFault.IN_USE:
        return DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.PORT_IN_USE)
    if fault is PortFault.REFUSED:
        return DeviceStatus(state=DeviceState.OFFLINE)
    return DeviceStatus(state=DeviceState.NO_DEVICE)
