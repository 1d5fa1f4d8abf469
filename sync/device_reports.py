"""How the devices are, as the devices process says; nothing while it is away."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus, SupplyState
from kiosk.errors import IpcError
from kiosk.ipc import IpcClient
from sync.heartbeat_wire import DeviceReport

_PATIENCE_S = 1.0


def device_reports(devices_socket: Path) -> list[DeviceReport]:
    """A report of each device that this terminal has. A heartbeat must not wait long for it."""
    # Nor does a folder that this account may not look into end the thread that keeps the line.
    with contextlib.suppress(OSError, IpcError, msgspec.ValidationError):
        if not devices_socket.exists():
            return []
        with IpcClient(devices_socket, timeout_s=_PATIENCE_S) as client:
            statuses = msgspec.convert(client.call("status"), dict[DeviceClass, DeviceStatus])
        return [_report(device, status) for device, status in statuses.items() if _is_there(status)]
    return []


def _is_there(status: DeviceStatus) -> bool:
    return not (status.state is DeviceState.NO_DEVICE and status.detail is DeviceDetail.NOT_CONFIGURED)


def _report(device: DeviceClass, status: DeviceStatus) -> DeviceReport:
    return DeviceReport(
        device=device.value,
        state=status.state.value,
        paper="" if status.paper is SupplyState.UNKNOWN else status.paper.value,
        detail="" if status.detail is DeviceDetail.NONE else status.detail.value,
    )
