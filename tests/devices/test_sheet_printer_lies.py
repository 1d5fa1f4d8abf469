"""Printers that answer, and whose answers do not add up: never `printed`, and never an exception."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.sheet_printer.driver import IppPrinter
from devices.sheet_printer.ipp import Attribute, Operation, Resolution, Response, Tag, Value, decode, encode
from devices.sheet_printer.pdf import compose
from devices.sheet_printer.print_job import Timing
from kiosk.domain.device_status import DeviceDetail, DeviceState, DeviceStatus
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintVerdict
from tests.devices.print_world import (
    ONE_SHEET,
    PRINTED,
    BadServer,
    failed,
    http,
    never,
    unconfirmed,
    unnoticed,
)

TIMING = Timing(poll_s=0.05, ask_s=0.5, lost_s=0.6, settle_s=0.1, give_up_s=0.5, cancel_s=0.3)
ALL = (2, 5, 6, 8, 9, 10, 11)
Values = dict[str, tuple[Tag, tuple[Value, ...]]]
WANTS_DOTS: Values = {
    "document-format-supported": (Tag.MIME_TYPE, ("image/pwg-raster",)),
    "pwg-raster-document-type-supported": (Tag.KEYWORD, ("sgray_8",)),
}
DONE: Values = {
    "job-state": (Tag.ENUM, (9,)),
    "job-state-reasons": (Tag.KEYWORD, ("job-completed-successfully",)),
    "job-impressions-completed": (Tag.INTEGER, (1,)),
}


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pdf") / "one.pdf"
    file.write_bytes(compose(ONE_SHEET).pdf)
    return file


class Liar:
    """An IPP printer in one function a question; each can be replaced."""

    def __init__(self, job: Values | None = None, operations: tuple[int, ...] = ALL) -> None:
        self.job: Values = DONE if job is None else job
        self.operations = operations
        self.name = ""
        self.asked: list[int] = []
        self.answers: dict[int, Callable[[socket.socket, bytes], None]] = {}

    def __call__(self, line: socket.socket, request: bytes) -> None:
        operation = int.from_bytes(request[2:4], "big")
        self.asked.append(operation)
        if (special := self.answers.get(operation)) is not None:
            special(line, request)
            return
        if operation in (Operation.CREATE_JOB, Operation.PRINT_JOB):
            asked = decode(request)
            assert isinstance(asked, Response)
            self.name = asked.first(Tag.OPERATION_GROUP).text("job-name")
        line.sendall(http(self.answer(operation, request)))

    def answer(self, operation: int, request: bytes) -> bytes:
        if operation == Operation.GET_PRINTER_ATTRIBUTES:
            return reply(request, Tag.PRINTER_GROUP, self.printer())
        if operation in (Operation.CREATE_JOB, Operation.PRINT_JOB, Operation.SEND_DOCUMENT):
            return reply(
                request, Tag.JOB_GROUP, {"job-id": (Tag.INTEGER, (7,)), "job-state": (Tag.ENUM, (3,))}
            )
        if operation == Operation.GET_JOB_ATTRIBUTES:
            named: Values = {"job-id": (Tag.INTEGER, (7,)), "job-name": (Tag.NAME, (self.name,))}
            return reply(request, Tag.JOB_GROUP, named | self.job)
        return reply(request, Tag.JOB_GROUP, {})

    def printer(self) -> Values:
        return {
            "printer-state": (Tag.ENUM, (3,)),
            "printer-state-reasons": (Tag.KEYWORD, ("none",)),
            "printer-up-time": (Tag.INTEGER, (99,)),
            "document-format-supported": (Tag.MIME_TYPE, ("application/pdf",)),
            "operations-supported": (Tag.ENUM, self.operations),
        }


def reply(request: bytes, group: Tag, values: Values, status: int = 0) -> bytes:
    """An answer is spelled like a question: only its head differs."""
    number = int.from_bytes(request[4:8], "big")
    attributes = [Attribute(tag, name, given) for name, (tag, given) in values.items()]
    whole = bytearray(encode(status, number, "ipp://x/", job=attributes))
    if attributes:
        rest = encode(status, number, "ipp://x/")
        whole[len(rest) - 1] = group
    return bytes(whole)


def printed_by(liar: Liar, sheet: Path, timeout_s: float = 4.0) -> PrintOutcome:
    with BadServer(liar) as server:
        driver = IppPrinter(server.uri, timing=TIMING)
        assert driver.open().state is DeviceState.ONLINE
        outcome = driver.print(sheet, 1, timeout_s, never(), unnoticed)
        driver.close()
    return outcome


def without(name: str) -> Values:
    return {key: value for key, value in DONE.items() if key != name}


def resets(line: socket.socket, _request: bytes) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def refuses(status: int) -> Callable[[socket.socket, bytes], None]:
    return lambda line, request: line.sendall(http(reply(request, Tag.JOB_GROUP, {}, status)))


def test_an_honest_printer_of_this_kind_is_believed(sheet: Path) -> None:
    assert printed_by(Liar(), sheet) == PRINTED


def test_one_that_keeps_no_count_is_believed_on_its_word(sheet: Path) -> None:
    assert printed_by(Liar(without("job-impressions-completed")), sheet) == PRINTED


@pytest.mark.parametrize(
    "job",
    [
        DONE | {"job-impressions-completed": (Tag.INTEGER, (0,))},
        without("job-state-reasons"),
        DONE | {"job-state-reasons": (Tag.KEYWORD, ("job-completed-with-errors",))},
        DONE | {"job-name": (Tag.NAME, ("somebody else's",))},
        DONE | {"job-id": (Tag.INTEGER, (8,)), "job-name": (Tag.NAME, ("",))},
    ],
    ids=["no sheet", "no reason", "with errors", "another job", "another number"],
)
def test_completed_and_it_does_not_add_up(sheet: Path, job: Values) -> None:
    assert printed_by(Liar(job), sheet) == unconfirmed(PrintFault.NO_ANSWER)


def test_a_printer_that_hangs_up_after_each_answer_and_does_not_say_so(sheet: Path) -> None:
    liar = Liar()

    def hangs_up(line: socket.socket, request: bytes) -> None:
        liar(line, request)
        line.shutdown(socket.SHUT_RDWR)

    with BadServer(hangs_up) as server:
        printer = IppPrinter(server.uri, timing=TIMING)
        assert printer.open().state is DeviceState.ONLINE
        assert printer.print(sheet, 1, 5.0, never(), unnoticed) == PRINTED
        printer.close()


@pytest.mark.parametrize("dpi", [1, 65535, 0xFFFFFFFF])
def test_a_printer_that_wants_absurdly_fine_or_coarse_dots(dpi: int) -> None:
    wants = WANTS_DOTS | {
        "pwg-raster-document-resolution-supported": (Tag.RESOLUTION, (Resolution(dpi, dpi, 3),))
    }
    assert opened(wants) == DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.WRONG_DEVICE)


@pytest.mark.parametrize("format_", ["image/jpeg", "application/octet-stream", "application/postscript"])
def test_a_printer_that_takes_nothing_that_we_can_make_is_not_offered(format_: str) -> None:
    wants: Values = {"document-format-supported": (Tag.MIME_TYPE, (format_,))}
    assert opened(wants).detail is DeviceDetail.WRONG_DEVICE


def test_a_format_is_the_same_in_capitals() -> None:
    wants: Values = {"document-format-supported": (Tag.MIME_TYPE, ("Application/PDF",))}
    assert opened(wants).state is DeviceState.ONLINE


def opened(wants: Values) -> DeviceStatus:
    class Wants(Liar):
        def printer(self) -> Values:
            return super().printer() | wants

    with BadServer(Wants()) as server:
        driver = IppPrinter(server.uri, timing=TIMING)
        status = driver.open()
        driver.close()
    return status


@pytest.mark.parametrize("state", [(), (0,), (5,), (77,)])
def test_a_job_that_never_ends(sheet: Path, state: tuple[int, ...]) -> None:
    outcome = printed_by(Liar(DONE | {"job-state": (Tag.ENUM, state)}), sheet, timeout_s=1.0)
    assert outcome == unconfirmed(PrintFault.NO_ANSWER)


def test_one_that_knows_no_create_job_gets_it_all_at_once(sheet: Path) -> None:
    liar = Liar(operations=(2, 8, 9, 10, 11))
    assert printed_by(liar, sheet) == PRINTED
    assert Operation.CREATE_JOB not in liar.asked


@pytest.mark.parametrize("operations", [ALL, (2, 8, 9, 10, 11)], ids=["in two steps", "at once"])
def test_the_line_breaks_while_the_document_goes_out(sheet: Path, operations: tuple[int, ...]) -> None:
    liar = Liar({}, operations)
    step = Operation.SEND_DOCUMENT if 5 in operations else Operation.PRINT_JOB
    liar.answers[step] = resets
    assert printed_by(liar, sheet).verdict is PrintVerdict.UNCONFIRMED


def test_the_line_breaks_before_the_document(sheet: Path) -> None:
    liar = Liar()
    liar.answers[Operation.CREATE_JOB] = resets
    assert printed_by(liar, sheet) == failed(PrintFault.OFFLINE)
    assert Operation.SEND_DOCUMENT not in liar.asked
    assert liar.asked.count(Operation.CREATE_JOB) == 1


@pytest.mark.parametrize(
    ("operation", "status", "fault"),
    [
        (Operation.CREATE_JOB, 0x0506, PrintFault.OFFLINE),
        (Operation.CREATE_JOB, 0x0403, PrintFault.OFFLINE),
        (Operation.SEND_DOCUMENT, 0x040A, PrintFault.UNPRINTABLE),
        (Operation.SEND_DOCUMENT, 0x0500, PrintFault.OFFLINE),
    ],
)
def test_it_will_not_have_the_job(sheet: Path, operation: Operation, status: int, fault: PrintFault) -> None:
    liar = Liar()
    liar.answers[operation] = refuses(status)
    assert printed_by(liar, sheet) == failed(fault)


def test_busy_for_longer_than_we_wait(sheet: Path) -> None:
    liar = Liar()
    liar.answers[Operation.CREATE_JOB] = refuses(0x0507)
    assert printed_by(liar, sheet, timeout_s=1.0) == failed(PrintFault.OFFLINE)
    assert liar.asked.count(Operation.CREATE_JOB) > 3


def test_success_without_a_job(sheet: Path) -> None:
    liar = Liar()
    liar.answers[Operation.CREATE_JOB] = refuses(0)
    assert printed_by(liar, sheet).verdict is PrintVerdict.FAILED


@pytest.mark.parametrize(
    "junk", [b"", http(b"\x02\x00garbage"), http(b"<html/>", kind="text/html"), b"\xff" * 100]
)
def test_junk_while_it_prints(sheet: Path, junk: bytes) -> None:
    liar = Liar()

    def answers(line: socket.socket, _request: bytes) -> None:
        line.sendall(junk)
        line.shutdown(socket.SHUT_RDWR)

    liar.answers[Operation.GET_JOB_ATTRIBUTES] = answers
    assert printed_by(liar, sheet) == unconfirmed(PrintFault.NO_ANSWER)


def test_it_forgets_the_job_at_once(sheet: Path) -> None:
    liar = Liar()
    liar.answers[Operation.GET_JOB_ATTRIBUTES] = refuses(0x0406)
    assert printed_by(liar, sheet) == unconfirmed(PrintFault.NO_ANSWER)


def test_no_printer_at_that_path() -> None:
    with BadServer(refuses(0x0406)) as server:
        driver = IppPrinter(server.uri, timing=TIMING)
        status = driver.open()
        assert (status.state, status.detail) == (DeviceState.OFFLINE, DeviceDetail.WRONG_DEVICE)
        driver.close()
