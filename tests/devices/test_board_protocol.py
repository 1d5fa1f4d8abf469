"""A board's bytes: as published, as pymodbus builds them, and as noise spoils them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus import FramerType
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import ReadDiscreteInputsRequest, WriteSingleCoilRequest

from devices.board.protocol import (
    Refusal,
    Reply,
    ReplyReader,
    read_coils,
    read_inputs,
    with_sum,
    write_coil,
    write_register,
)

NOTHING_FELT = bytes.fromhex("01 02 01 00 A1 88")
ILLEGAL_ADDRESS = bytes.fromhex("01 85 02 C3 51")


@pytest.mark.parametrize(
    ("request_frame", "published"),
    [
        (write_coil(1, 0, True).frame, "01 05 00 00 FF 00 8C 3A"),
        (write_coil(1, 0, False).frame, "01 05 00 00 00 00 CD CA"),
        (write_coil(1, 1, True).frame, "01 05 00 01 FF 00 DD FA"),
        (read_coils(1, 0, 8).frame, "01 01 00 00 00 08 3D CC"),
        (read_inputs(1, 0, 8).frame, "01 02 00 00 00 08 79 CC"),
    ],
)
def test_requests_are_the_published_bytes(request_frame: bytes, published: str) -> None:
    assert request_frame == bytes.fromhex(published)


def test_the_published_replies_are_understood() -> None:
    coils = bytes.fromhex("01 01 01 01 90 48")
    assert ReplyReader(read_coils(1, 0, 8)).feed(coils) == Reply(bits=(True, *[False] * 7))
    assert ReplyReader(read_inputs(1, 0, 8)).feed(NOTHING_FELT) == Reply(bits=(False,) * 8)
    assert ReplyReader(write_coil(1, 0, True)).feed(ILLEGAL_ADDRESS) == Refusal(code=2)
    echo = write_coil(1, 0, True).frame
    assert ReplyReader(write_coil(1, 0, True)).feed(echo) == Reply()


@given(st.integers(1, 247), st.integers(0, 65535), st.booleans(), st.integers(1, 2000))
def test_requests_are_what_pymodbus_would_send(unit: int, address: int, on: bool, count: int) -> None:
    framer = FramerRTU(DecodePDU(False))
    assert FramerType.RTU
    coil = WriteSingleCoilRequest(dev_id=unit, address=address, bits=[on])
    assert write_coil(unit, address, on).frame == framer.buildFrame(coil)
    inputs = ReadDiscreteInputsRequest(dev_id=unit, address=address, count=count)
    assert read_inputs(unit, address, count).frame == framer.buildFrame(inputs)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_a_reply_is_found_between_noise(before: bytes, behind: bytes) -> None:
    reader = ReplyReader(read_inputs(1, 0, 8))
    found = reader.feed(before)
    assert found is None
    assert reader.feed(with_sum(b"\x01\x02\x01\x05") + behind) == Reply(
        bits=(True, False, True, *[False] * 5)
    )


@given(st.data())
def test_a_reply_that_comes_byte_by_byte_is_found_at_its_last_byte(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    body = data.draw(st.binary(min_size=(count + 7) // 8, max_size=(count + 7) // 8))
    frame = with_sum(bytes((7, 1, len(body))) + body)
    reader = ReplyReader(read_coils(7, 100, count))
    found = [reader.feed(bytes((byte,))) for byte in frame]
    assert found[:-1] == [None] * (len(frame) - 1)
    assert isinstance(found[-1], Reply) and len(found[-1].bits) == count


@given(st.integers(0, len(NOTHING_FELT) * 8 - 1))
def test_no_single_flipped_bit_is_believed(bit: int) -> None:
    spoiled = bytearray(NOTHING_FELT)
    spoiled[bit // 8] ^= 1 << bit % 8
    assert ReplyReader(read_inputs(1, 0, 8)).feed(bytes(spoiled)) is None


@pytest.mark.parametrize(
    "other",
    [
        bytes.fromhex("01 01 01 01 90 48"),  # coils, not inputs
        with_sum(b"\x02\x02\x01\x00"),  # another unit
        with_sum(b"\x01\x02\x02\x00\x00"),  # more inputs than were asked for
        with_sum(b"\x01\x81\x02"),  # another question is refused
        read_inputs(1, 0, 8).frame,  # an adapter that hears itself
    ],
)
def test_the_answer_to_another_question_is_none(other: bytes) -> None:
    assert ReplyReader(read_inputs(1, 0, 8)).feed(other) is None


def test_a_late_answer_for_the_other_way_round_is_none() -> None:
    reader = ReplyReader(write_coil(1, 0, True))
    assert reader.feed(write_coil(1, 0, False).frame) is None
    assert reader.feed(write_coil(1, 1, True).frame) is None
    assert reader.feed(write_register(1, 0, 0xFF00).frame) is None


def test_endless_noise_takes_no_room() -> None:
    reader = ReplyReader(read_inputs(1, 0, 8))
    for _ in range(100):
        assert reader.feed(b"\x00" * 100) is None
    assert len(reader._heard) <= 512
    assert reader.feed(NOTHING_FELT) is not None
