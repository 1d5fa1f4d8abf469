"""What a printer's words prove, row by row."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from devices.sheet_printer.evidence import judge
from devices.sheet_printer.ipp import Group, JobState, PrinterState, Tag, Value
from devices.sheet_printer.report import FAULT_OF_WAIT, JobReport, abilities, job_report, printer_report
from kiosk.domain.device_status import DeviceDetail, DeviceState, MediaState, SupplyState
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict, PrintWait
from tests.devices.print_world import PRINTED, failed, unconfirmed

SUCCESS = "job-completed-successfully"


def job(state: int | None, *reasons: str, sheets: int | None = None) -> JobReport:
    return JobReport(number=1, name="linban-1", state=state, reasons=frozenset(reasons), sheets=sheets)


def printer(*reasons: str, state: int = PrinterState.IDLE) -> Group:
    return printer_with({"printer_state": (state,), "printer_state_reasons": reasons or ("none",)})


def printer_with(values: Mapping[str, tuple[Value, ...]]) -> Group:
    return Group(Tag.PRINTER_GROUP, {key.replace("_", "-"): value for key, value in values.items()})


@pytest.mark.parametrize(
    ("ended", "expected", "outcome"),
    [
        (job(JobState.COMPLETED, SUCCESS, sheets=2), 2, PRINTED),
        (job(JobState.COMPLETED, SUCCESS, sheets=3), 2, PRINTED),
        (job(JobState.COMPLETED, SUCCESS), 2, PRINTED),
        (job(JobState.COMPLETED, SUCCESS, sheets=1), 2, unconfirmed(PrintFault.NO_ANSWER)),
        (job(JobState.COMPLETED, SUCCESS, sheets=0), 2, unconfirmed(PrintFault.NO_ANSWER)),
        (job(JobState.COMPLETED, SUCCESS, sheets=2), None, unconfirmed(PrintFault.NO_ANSWER)),
        (job(JobState.COMPLETED, "processing-to-stop-point", sheets=2), 2, unconfirmed(PrintFault.NO_ANSWER)),
        (
            job(JobState.COMPLETED, "job-completed-with-errors", sheets=2),
            2,
            unconfirmed(PrintFault.NO_ANSWER),
        ),
        (job(JobState.COMPLETED, sheets=2), 2, unconfirmed(PrintFault.NO_ANSWER)),
        (job(JobState.ABORTED, "aborted-by-system", sheets=1), 2, failed(PrintFault.HARDWARE_ERROR)),
        (job(JobState.ABORTED, "aborted-by-system"), 2, failed(PrintFault.HARDWARE_ERROR)),
        (job(JobState.ABORTED, "aborted-by-system", sheets=2), 2, unconfirmed(PrintFault.NO_ANSWER)),
        (job(JobState.ABORTED, "document-format-error", sheets=0), 2, failed(PrintFault.UNPRINTABLE)),
        (job(JobState.CANCELED, "job-canceled-at-device", sheets=1), 2, failed(PrintFault.CANCELED)),
        (job(JobState.CANCELED, "job-canceled-at-device", sheets=2), 2, unconfirmed(PrintFault.NO_ANSWER)),
        (job(JobState.CANCELED, "job-canceled-by-user"), 2, unconfirmed(PrintFault.CANCELED)),
    ],
)
def test_the_end_of_a_job(ended: JobReport, expected: int | None, outcome: PrintOutcome) -> None:
    assert judge(ended, expected) == outcome


def test_a_job_we_canceled_keeps_our_reason() -> None:
    stopped = job(JobState.CANCELED, "job-canceled-by-user", sheets=0)
    assert judge(stopped, 1, PrintFault.PAPER_OUT) == failed(PrintFault.PAPER_OUT)
    unseen = job(JobState.CANCELED, "job-canceled-by-user")
    assert judge(unseen, 1, PrintFault.CANCELED, begun=False) == failed(PrintFault.CANCELED)
    assert judge(job(JobState.COMPLETED, SUCCESS, sheets=1), 1, PrintFault.CANCELED) == PRINTED


def test_every_verdict_needs_a_state() -> None:
    for state in (None, 0, JobState.CANCELED, 77):
        assert judge(job(state, SUCCESS, sheets=9), 1).verdict is not PrintVerdict.PRINTED


@pytest.mark.parametrize("severity", ["", "-report", "-warning", "-error"])
@pytest.mark.parametrize(
    ("reason", "state", "detail", "paper", "wait"),
    [
        ("media-empty", DeviceState.ONLINE, DeviceDetail.NONE, SupplyState.OUT, PrintWait.PAPER),
        ("media-needed", DeviceState.ONLINE, DeviceDetail.NONE, SupplyState.OUT, PrintWait.PAPER),
        ("media-low", DeviceState.ONLINE, DeviceDetail.NONE, SupplyState.LOW, PrintWait.NOTHING),
        ("media-jam", DeviceState.USER_ERROR, DeviceDetail.NONE, SupplyState.FULL, PrintWait.CLEARING),
        ("cover-open", DeviceState.USER_ERROR, DeviceDetail.COVER_OPEN, SupplyState.FULL, PrintWait.CLOSING),
        ("door-open", DeviceState.USER_ERROR, DeviceDetail.COVER_OPEN, SupplyState.FULL, PrintWait.CLOSING),
        (
            "interlock-open",
            DeviceState.USER_ERROR,
            DeviceDetail.COVER_OPEN,
            SupplyState.FULL,
            PrintWait.CLOSING,
        ),
        (
            "input-tray-missing",
            DeviceState.USER_ERROR,
            DeviceDetail.TRAY_MISSING,
            SupplyState.FULL,
            PrintWait.HAND,
        ),
        (
            "output-area-full",
            DeviceState.USER_ERROR,
            DeviceDetail.OUTPUT_FULL,
            SupplyState.FULL,
            PrintWait.EMPTYING,
        ),
        ("toner-low", DeviceState.ONLINE, DeviceDetail.TONER_LOW, SupplyState.FULL, PrintWait.NOTHING),
        (
            "marker-supply-low",
            DeviceState.ONLINE,
            DeviceDetail.TONER_LOW,
            SupplyState.FULL,
            PrintWait.NOTHING,
        ),
        ("toner-empty", DeviceState.USER_ERROR, DeviceDetail.TONER_EMPTY, SupplyState.FULL, PrintWait.TONER),
        (
            "marker-supply-empty",
            DeviceState.USER_ERROR,
            DeviceDetail.TONER_EMPTY,
            SupplyState.FULL,
            PrintWait.TONER,
        ),
        ("fuser-over-temp", DeviceState.HARDWARE_ERROR, DeviceDetail.NONE, SupplyState.FULL, PrintWait.HAND),
        ("paused", DeviceState.USER_ERROR, DeviceDetail.PAUSED, SupplyState.FULL, PrintWait.HAND),
        ("offline", DeviceState.OFFLINE, DeviceDetail.NONE, SupplyState.FULL, PrintWait.ANSWER),
        ("none", DeviceState.ONLINE, DeviceDetail.NONE, SupplyState.FULL, PrintWait.NOTHING),
    ],
)
def test_what_a_reason_means(
    reason: str, severity: str, state: DeviceState, detail: DeviceDetail, paper: SupplyState, wait: PrintWait
) -> None:
    report = printer_report(printer(reason + severity if reason != "none" else reason))
    assert (report.status.state, report.status.detail, report.status.paper) == (state, detail, paper)
    assert report.wait is wait
    assert (report.status.media is MediaState.JAMMED) == (reason == "media-jam")


def test_a_printer_that_says_nothing_is_not_said_to_have_paper() -> None:
    report = printer_report(Group(Tag.PRINTER_GROUP, {"printer-state": (3,)}))
    assert report.status.paper is SupplyState.UNKNOWN


def test_a_printer_that_stands_still_without_a_reason_needs_a_hand() -> None:
    report = printer_report(printer(state=PrinterState.STOPPED))
    assert report.status.state is DeviceState.USER_ERROR
    assert report.wait is PrintWait.HAND


@pytest.mark.parametrize(
    ("supplies", "low"),
    [
        ({"marker_levels": (4, 80), "marker_types": ("toner", "waste-toner")}, True),
        ({"marker_levels": (12, 1), "marker_types": ("toner-cartridge", "waste-toner")}, False),
        ({"marker_levels": (12,), "marker_types": ("ink",), "marker_low_levels": (15,)}, True),
        ({"marker_levels": (-2,), "marker_types": ("toner",)}, False),
        ({"printer_supply": ("class=supplyThatIsConsumed;type=toner;maxcapacity=200;level=9;",)}, True),
        ({"printer_supply": ("class=supplyThatIsConsumed;type=toner;maxcapacity=100;level=-3;",)}, False),
        (
            {"printer_supply": ("class=receptacleThatIsFilled;type=wasteToner;maxcapacity=100;level=1;",)},
            False,
        ),
        ({"printer_supply": ("nonsense", "type=toner;level=;maxcapacity=x;")}, False),
    ],
)
def test_toner_runs_low_before_a_reason_says_so(supplies: dict[str, tuple[Value, ...]], low: bool) -> None:
    status = printer_report(
        printer_with({"printer_state": (3,), "printer_state_reasons": ("none",), **supplies})
    ).status
    assert (status.detail is DeviceDetail.TONER_LOW) == low
    assert status.usable


def test_a_count_of_sheets_stands_in_for_a_count_of_sides() -> None:
    group = Group(Tag.JOB_GROUP, {"job-id": (4,), "job-state": (5,), "job-media-sheets-completed": (1,)})
    assert job_report(group).sheets == 1
    assert job_report(Group(Tag.JOB_GROUP)).sheets is None


def test_who_the_printer_is_stands_in_its_device_id() -> None:
    told = abilities(
        Group(
            Tag.PRINTER_GROUP,
            {
                "printer-make-and-model": ("Example A4",),
                "printer-device-id": ("MFG:Example;MDL:A4;SN:X123;",),
                "printer-firmware-string-version": ("1.2",),
            },
        )
    ).told
    assert (told.model, told.serial_number, told.firmware) == ("Example A4", "X123", "1.2")


def test_every_wait_has_a_fault_for_its_end() -> None:
    assert set(FAULT_OF_WAIT) == set(PrintWait)
