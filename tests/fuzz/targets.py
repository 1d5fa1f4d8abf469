"""The five parsers that read what comes from outside, as functions of bytes that must never fail.

Each takes any input, cut into pieces by its own first bytes as a line would cut it, and checks what may be
promised of the result: typed values only, nothing kept beyond a bound, work in proportion to the input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from devices.id_card.protocol import (
    Command,
    FrameReader,
    can_answer,
    command_frame,
    parse_card_data,
    parse_reply,
    reply_frame,
)
from devices.id_card.text_block import parse_address
from devices.id_card.text_block import parse_identity as parse_card_identity
from devices.scanner.stream import ScannerStream
from devices.sheet_printer import ipp
from devices.sheet_printer.report import abilities, job_report, printer_report
from devices.slip_printer.protocol import AnswerReader, StateBuilder, StatusMasks
from devices.social_card.protocol import parse_identity as parse_social_identity
from devices.social_card.protocol import parse_record, read_identity
from kiosk.device_settings import Suffix, Trigger
from kiosk.domain.device_status import DeviceStatus
from kiosk.domain.resident import IdentityDocument
from kiosk.ports import CardFault, NotScanned, Scan

_LONGEST_FRAME_BYTES = 4200
_LONGEST_CODE_CHARACTERS = 4096
_HELD_BY_A_PRINTER_READER_BYTES = 128


def pieces(data: bytes) -> Iterator[bytes]:
    """`data` in pieces whose sizes its own bytes decide."""
    at = 0
    while at < len(data):
        size = 1 + data[at] % 64
        yield data[at : at + size]
        at += size


def sdt_frame(data: bytes) -> None:
    """A SAM reader's answers: frames, replies, card data, text block."""
    reader = FrameReader()
    for piece in pieces(data):
        bodies = reader.feed(piece)
        if piece[0] & 1:
            bodies += reader.rescan()
        assert reader.pending <= _LONGEST_FRAME_BYTES
        for body in bodies:
            reply = parse_reply(body)
            for command in Command:
                assert can_answer(command, reply) in (True, False)
            for with_fingerprint in (False, True):
                card = parse_card_data(reply.data, with_fingerprint)
                if card is not None:
                    assert isinstance(parse_card_identity(card.text), IdentityDocument | CardFault)
    assert isinstance(parse_card_identity(data[:256].ljust(256, b" ")), IdentityDocument | CardFault)
    address = parse_address(data[:70].ljust(70, b"\0"))
    assert address is None or len(address) <= 35


def social_card_tlv(data: bytes) -> None:
    """A social-security card's records, alone and behind a card that answers whatever it likes."""
    record = parse_record(data)
    assert record is None or len(record[1]) <= len(data)
    chunks = list(pieces(data))
    assert isinstance(parse_social_identity(chunks), IdentityDocument | CardFault)
    left, asked = iter(chunks), 0

    def transmit(_command: bytes) -> bytes:
        nonlocal asked
        asked += 1
        assert asked <= 200, "a card keeps the driver asking for ever"
        return next(left, b"\x6a\x83")

    assert isinstance(read_identity(transmit, bool(data[:1] and data[0] & 1)), IdentityDocument | CardFault)


def printer_status(data: bytes) -> None:
    """A receipt printer's answers: real-time bytes, paper tokens, marks, automatic status."""
    reader = AnswerReader(0x13 if data[:1] and data[0] & 1 else 0x93)
    builder = StateBuilder(StatusMasks(not_taken=0x80, presenter=0x40))
    answers = 0
    for piece in pieces(data):
        for answer in reader.feed(piece):
            answers += 1
            if (value := getattr(answer, "value", None)) is not None:
                builder.add(1 + answers % 4, int(value) & 0xFF)
        assert builder.state.clean in (True, False)
    assert answers <= len(data) + 1
    assert len(getattr(reader, "_buffer", b"")) <= _HELD_BY_A_PRINTER_READER_BYTES


def scanner_input(data: bytes) -> None:
    """A scanner's stream: answers to commands, packets, codes in any encoding, any suffix."""
    first = data[0] if data else 0
    suffixes, triggers = list(Suffix), list(Trigger)
    stream = ScannerStream(
        suffixes[first % len(suffixes)], bool(first & 0x80), triggers[(first >> 3) % len(triggers)]
    )
    now, found = 0.0, 0
    for piece in pieces(data[1:]):
        now += (piece[0] % 16) * 0.02
        heard = stream.feed(piece, now)
        if piece[0] & 2:
            now += 0.2
            late = stream.quiet(now)
            heard.scans += late.scans
        for scan in heard.scans:
            found += 1
            assert isinstance(scan, Scan | NotScanned)
            if isinstance(scan, Scan):
                assert len(scan.text) <= _LONGEST_CODE_CHARACTERS
                assert not any(ord(char) < 0x20 or ord(char) == 0x7F for char in scan.text)
        assert len(heard.owed) <= 64 * (len(piece) + 1)
    assert found <= len(data) + 2


def ipp_response(data: bytes) -> None:
    """An A4 printer's answer, and what is read out of it."""
    answer = ipp.decode(data)
    assert isinstance(answer, ipp.Response | ipp.Malformed)
    if isinstance(answer, ipp.Response):
        for group in answer.groups:
            assert isinstance(printer_report(group).status, DeviceStatus)
            abilities(group)
            assert job_report(group).final in (True, False)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "sdt_frame": sdt_frame,
    "social_card_tlv": social_card_tlv,
    "printer_status": printer_status,
    "scanner_input": scanner_input,
    "ipp_response": ipp_response,
}


def seeds(target: str) -> list[bytes]:
    """Inputs that a well-behaved device would send, for a fuzzer to begin with."""
    made: dict[str, list[Any]] = {
        "sdt_frame": [
            *(command_frame(command) for command in Command),
            reply_frame(0x9F, bytes(4)),
            reply_frame(0x90, bytes.fromhex("01000400") + "测试甲".encode("utf-16-le").ljust(1280, b" ")),
            reply_frame(0x80),
        ],
        "social_card_tlv": [
            bytes.fromhex("081231313031303531393439313233313030325890 00"),
            bytes.fromhex("091eb2e2cad4bcd7") + bytes(24),
            bytes.fromhex("0d0419491231"),
            bytes.fromhex("61106c129000"),
        ],
        "printer_status": [
            bytes.fromhex("12121212"),
            bytes.fromhex("37223030343200"),
            bytes.fromhex("1a327e00"),
            bytes.fromhex("10000000"),
        ],
        "scanner_input": [
            b"\x00https://example.invalid/1\r\n",
            "\x81]Q1广东省深圳市\r".encode(),
            "\x01社保卡\n".encode("gb18030"),
            bytes.fromhex("18050004f300000041424300ff"),
            bytes.fromhex("10020130303030235343 4e5452473106 3b03"),
        ],
        "ipp_response": [
            ipp.encode(ipp.Operation.GET_PRINTER_ATTRIBUTES, 1, "ipp://localhost/ipp/print"),
            bytes.fromhex("0200 0000 00000001 01 47 0012")
            + b"attributes-charset"
            + bytes.fromhex("0005")
            + b"utf-8"
            + bytes.fromhex("04 23 000d")
            + b"printer-state"
            + bytes.fromhex("0004 00000003 44 0015")
            + b"printer-state-reasons"
            + bytes.fromhex("0004")
            + b"none\x03",
        ],
    }
    return list(made[target])
