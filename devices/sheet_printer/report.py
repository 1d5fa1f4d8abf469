"""What a printer says of itself and of a job, read out of IPP attributes and put into the house's words.

Reasons come with or without a severity (-report, -warning, -error), and the same printer changes it with
its state, so they are compared without (RFC 8011 5.4.12).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devices.sheet_printer.ipp import Group, JobState, PrinterState, Resolution
from kiosk.domain.device_status import (
    DeviceCapabilities,
    DeviceDetail,
    DeviceState,
    DeviceStatus,
    MediaState,
    SupplyState,
)
from kiosk.domain.printing import PrintFault, PrintWait

PRINTER_ATTRIBUTES: Final = (
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "printer-up-time",
    "marker-types",
    "marker-levels",
    "marker-low-levels",
    "printer-supply",
)
STATIC_ATTRIBUTES: Final = (
    "document-format-supported",
    "operations-supported",
    "media-supported",
    "pwg-raster-document-type-supported",
    "pwg-raster-document-resolution-supported",
    "urf-supported",
    "printer-make-and-model",
    "printer-device-id",
    "printer-firmware-string-version",
)
JOB_ATTRIBUTES: Final = (
    "job-id",
    "job-name",
    "job-state",
    "job-state-reasons",
    "job-impressions-completed",
    "job-media-sheets-completed",
)
_LOW_PERCENT: Final = 5
"""Where the printer does not say itself what it calls low."""

_PAPER_OUT = frozenset(("media-empty", "media-needed"))
_JAM = frozenset(("media-jam",))
_OPEN = frozenset(("cover-open", "door-open", "interlock-open"))
_TONER_OUT = frozenset(("toner-empty", "marker-supply-empty", "developer-empty"))
_TONER_LOW = frozenset(("toner-low", "marker-supply-low", "developer-low"))
_OUTPUT_FULL = frozenset(("output-area-full",))
_TRAY = frozenset(("input-tray-missing", "output-tray-missing"))
_BROKEN = frozenset(
    ("fuser-over-temp", "fuser-under-temp", "marker-waste-full", "opc-life-over", "marker-failure")
)
_AWAY = frozenset(("offline", "connecting-to-device", "timed-out", "shutdown"))
_PAUSED = frozenset(("paused", "moving-to-paused"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterReport:
    """One answer to Get-Printer-Attributes. None where it said nothing."""

    state: int | None
    reasons: frozenset[str] | None
    accepting: bool
    up_time_s: int | None
    toner_percent: int | None
    toner_low: bool

    @property
    def wait(self) -> PrintWait:
        """What the printer waits for, if a job stands still."""
        reasons = self.reasons or frozenset()
        for tokens, wait in _WAITS:
            if reasons & tokens:
                return wait
        return PrintWait.HAND if self.state == PrinterState.STOPPED else PrintWait.NOTHING

    @property
    def status(self) -> DeviceStatus:
        """The printer in the vocabulary of every device."""
        reasons = self.reasons or frozenset()
        state, detail = DeviceState.ONLINE, DeviceDetail.NONE
        for tokens, found_state, found_detail in _CONDITIONS:
            if reasons & tokens:
                state, detail = found_state, found_detail
                break
        else:
            if self.state == PrinterState.STOPPED and not reasons & _PAPER_OUT:
                state = DeviceState.USER_ERROR
            elif self.state == PrinterState.PROCESSING:
                state = DeviceState.BUSY
            if self.toner_low:
                detail = DeviceDetail.TONER_LOW
        media = MediaState.JAMMED if reasons & _JAM else MediaState.UNKNOWN
        return DeviceStatus(state=state, detail=detail, media=media, paper=self._paper)

    @property
    def _paper(self) -> SupplyState:
        if self.reasons is None:
            return SupplyState.UNKNOWN
        if self.reasons & _PAPER_OUT:
            return SupplyState.OUT
        return SupplyState.LOW if "media-low" in self.reasons else SupplyState.FULL


_WAITS: Final = (
    (_PAPER_OUT, PrintWait.PAPER),
    (_JAM, PrintWait.CLEARING),
    (_OPEN, PrintWait.CLOSING),
    (_TONER_OUT, PrintWait.TONER),
    (_OUTPUT_FULL, PrintWait.EMPTYING),
    (_TRAY | _BROKEN | _PAUSED, PrintWait.HAND),
    (_AWAY, PrintWait.ANSWER),
)
_CONDITIONS: Final = (
    (_AWAY, DeviceState.OFFLINE, DeviceDetail.NONE),
    (_BROKEN, DeviceState.HARDWARE_ERROR, DeviceDetail.NONE),
    (_OPEN, DeviceState.USER_ERROR, DeviceDetail.COVER_OPEN),
    (_JAM, DeviceState.USER_ERROR, DeviceDetail.NONE),
    (_TONER_OUT, DeviceState.USER_ERROR, DeviceDetail.TONER_EMPTY),
    (_OUTPUT_FULL, DeviceState.USER_ERROR, DeviceDetail.OUTPUT_FULL),
    (_TRAY, DeviceState.USER_ERROR, DeviceDetail.TRAY_MISSING),
    (_PAUSED, DeviceState.USER_ERROR, DeviceDetail.PAUSED),
)
FAULT_OF_WAIT: Final = {
    PrintWait.NOTHING: PrintFault.NO_ANSWER,
    PrintWait.PAPER: PrintFault.PAPER_OUT,
    PrintWait.CLEARING: PrintFault.PAPER_JAMMED,
    PrintWait.CLOSING: PrintFault.COVER_OPEN,
    PrintWait.TONER: PrintFault.TONER_EMPTY,
    PrintWait.EMPTYING: PrintFault.OUTPUT_FULL,
    PrintWait.HAND: PrintFault.HARDWARE_ERROR,
    PrintWait.ANSWER: PrintFault.NO_ANSWER,
    PrintWait.TURN: PrintFault.OFFLINE,
}
"""Why a job did not end, when the wait has lasted too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a printer or a queue takes; it does not change from job to job."""

    formats: frozenset[str]
    operations: frozenset[int]
    media: frozenset[str]
    raster_types: frozenset[str]
    raster_dpi: frozenset[int]
    urf: frozenset[str]
    told: DeviceCapabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """One answer about one job. None where it said nothing."""

    number: int
    name: str
    state: int | None
    reasons: frozenset[str]
    sheets: int | None
    """Sides put on paper, of all copies; we print on one side, so they are sheets too."""

    @property
    def final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in (JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED)


def printer_report(group: Group) -> PrinterReport:
    """Read the attributes of a printer."""
    named = group.texts("printer-state-reasons")
    reasons = frozenset(_bare(reason) for reason in named) - {"none"} if named else None
    levels = _toner_levels(group)
    lowest = min((level for level, _ in levels), default=None)
    low = any(level <= limit for level, limit in levels) or bool((reasons or frozenset()) & _TONER_LOW)
    return PrinterReport(
        state=group.number("printer-state"),
        reasons=reasons,
        accepting=group.flag("printer-is-accepting-jobs") is not False,
        up_time_s=group.number("printer-up-time"),
        toner_percent=lowest,
        toner_low=low,
    )


def abilities(group: Group) -> Abilities:
    """Read what the printer takes and who it is."""
    device_id = {
        key.strip().upper(): value.strip()
        for key, _, value in (part.partition(":") for part in group.text("printer-device-id").split(";"))
    }
    resolutions = group.attributes.get("pwg-raster-document-resolution-supported", ())
    return Abilities(
        formats=frozenset(text.lower() for text in group.texts("document-format-supported")),
        operations=frozenset(group.numbers("operations-supported")),
        media=frozenset(group.texts("media-supported")),
        raster_types=frozenset(group.texts("pwg-raster-document-type-supported")),
        raster_dpi=frozenset(
            value.feed
            for value in resolutions
            if isinstance(value, Resolution) and value.units == 3 and value.feed == value.cross_feed
        ),
        urf=frozenset(group.texts("urf-supported")),
        told=DeviceCapabilities(
            model=group.text("printer-make-and-model"),
            serial_number=device_id.get("SN") or device_id.get("SERN") or "",
            firmware=group.text("printer-firmware-string-version"),
        ),
    )


def job_report(group: Group) -> JobReport:
    """Read the attributes of a job."""
    sheets = group.number("job-impressions-completed")
    if sheets is None:
        sheets = group.number("job-media-sheets-completed")
    return JobReport(
        number=group.number("job-id") or 0,
        name=group.text("job-name"),
        state=group.number("job-state"),
        reasons=frozenset(group.texts("job-state-reasons")),
        sheets=sheets,
    )


def _bare(reason: str) -> str:
    for severity in ("-report", "-warning", "-error"):
        if reason.endswith(severity):
            return reason.removesuffix(severity)
    return reason


def _toner_levels(group: Group) -> list[tuple[int, int]]:
    """Percent and what counts as low, for each toner or ink whose level is known."""
    levels = group.numbers("marker-levels")
    kinds = group.texts("marker-types") or ("toner",) * len(levels)
    lows = group.numbers("marker-low-levels")
    found = [
        (level, lows[number] if number < len(lows) and lows[number] > 0 else _LOW_PERCENT)
        for number, (kind, level) in enumerate(zip(kinds, levels, strict=False))
        if level >= 0
        and not kind.lower().startswith("waste")
        and ("toner" in kind.lower() or "ink" in kind.lower())
    ]
    return found or [
        (level, _LOW_PERCENT)
        for supply in group.texts("printer-supply")
        if (level := _supply(supply)) is not None
    ]


def _supply(text: str) -> int | None:
    """The percent of a toner or ink in a printer-supply value (PWG 5100.13 5.6.30); None for anything else."""
    fields = dict(re.findall(r"([a-z]+)=([^;]*);", text.lower()))
    level, most = _whole(fields.get("level")), _whole(fields.get("maxcapacity"))
    if fields.get("class") != "supplythatisconsumed" or fields.get("type") not in ("toner", "ink"):
        return None
    if level is None or level < 0 or most is None or most <= 0:
        return None
    return level * 100 // most


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?[0-9]{1,9}", text) else None
