"""What the printer's real-time answers mean to the terminal: a device status, or why a slip stopped."""

from __future__ import annotations

from dataclasses import replace

from devices.slip_printer.protocol import PrinterState
from kiosk.domain.device_status import DeviceDetail, DeviceState, DeviceStatus, MediaState, SupplyState
from kiosk.domain.printing import PrintFault


def print_fault(state: PrinterState) -> PrintFault:
    """Why a printer in this state does not print."""
    if state.cover_open:
        return PrintFault.COVER_OPEN
    if state.paper_out:
        return PrintFault.PAPER_OUT
    if state.cutter_error:
        return PrintFault.CUTTER_ERROR
    if state.mechanical_error:
        return PrintFault.PAPER_JAMMED
    if state.unrecoverable:
        return PrintFault.HARDWARE_ERROR
    if state.too_hot:
        return PrintFault.HEAD_TOO_HOT
    return PrintFault.HARDWARE_ERROR if state.in_error else PrintFault.OFFLINE


def device_status(state: PrinterState) -> DeviceStatus:
    """The state as the terminal shows it."""
    paper = SupplyState.OUT if state.paper_out else SupplyState.LOW if state.paper_low else SupplyState.FULL
    media = MediaState.UNKNOWN
    if state.taken is not None:
        media = MediaState.NOT_PRESENT if state.taken else MediaState.PRESENT
    status = DeviceStatus(state=DeviceState.ONLINE, media=media, paper=paper)
    if state.cover_open:
        return replace(status, state=DeviceState.USER_ERROR, detail=DeviceDetail.COVER_OPEN)
    if state.cutter_error:
        return replace(status, state=DeviceState.HARDWARE_ERROR, detail=DeviceDetail.CUTTER_ERROR)
    if state.unrecoverable:
        return replace(status, state=DeviceState.HARDWARE_ERROR)
    if state.mechanical_error:
        return replace(status, state=DeviceState.USER_ERROR, media=MediaState.JAMMED)
    if state.paper_out:
        return status
    if state.too_hot:
        return replace(status, state=DeviceState.BUSY, detail=DeviceDetail.HEAD_TOO_HOT)
    return replace(status, state=DeviceState.USER_ERROR) if state.offline or state.in_error else status
