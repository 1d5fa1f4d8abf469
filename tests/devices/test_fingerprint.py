"""A fingerprint module over a real pty, with fingers to press on it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.fault_script import Fault
from devices.fingerprint.driver import FingerprintModule
from devices.fingerprint.protocol import (
    Code,
    Command,
    Kind,
    PacketReader,
    command,
    data_packets,
    packet,
    parameters_of,
    verify_password,
)
from devices.fingerprint.simulator import TEMPLATE_BYTES, FingerprintReaderSimulator
from devices.transport.address import port_at
from kiosk.domain.device_status import DeviceDetail, DeviceState
from kiosk.ports import FingerprintFault, FingerprintTaken

FINGER = "测试甲"


@pytest.fixture
def module_sim(port: Path) -> Iterator[FingerprintReaderSimulator]:
    with FingerprintReaderSimulator(port) as simulator:
        simulator.start()
        yield simulator


@pytest.fixture
def module(port: Path, module_sim: FingerprintReaderSimulator) -> Iterator[FingerprintModule]:
    driver = FingerprintModule(port_at(str(port), 57600))
    assert driver.open().state is DeviceState.ONLINE
    yield driver
    driver.close()


def take(module: FingerprintModule, timeout_s: float = 2.0) -> FingerprintTaken | FingerprintFault:
    return module.take(timeout_s, threading.Event())


def template_of(outcome: FingerprintTaken | FingerprintFault) -> bytearray:
    assert isinstance(outcome, FingerprintTaken), outcome
    assert len(outcome.template) == TEMPLATE_BYTES
    return outcome.template


# -- the bytes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("built", "published"),
    [
        (verify_password(), "EF 01 FF FF FF FF 01 00 07 13 00 00 00 00 00 1B"),
        (command(Command.GET_IMAGE), "EF 01 FF FF FF FF 01 00 03 01 00 05"),
        (command(Command.MAKE_TEMPLATE, 1), "EF 01 FF FF FF FF 01 00 04 02 01 00 08"),
        (packet(Kind.ACKNOWLEDGE, b"\x00"), "EF 01 FF FF FF FF 07 00 03 00 00 0A"),
        (packet(Kind.ACKNOWLEDGE, b"\x02"), "EF 01 FF FF FF FF 07 00 03 02 00 0C"),
    ],
)
def test_packets_are_the_published_bytes(built: bytes, published: str) -> None:
    assert built == bytes.fromhex(published)


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=256), st.data())
def test_a_packet_behind_noise_is_found_however_it_is_cut(
    noise: bytes, content: bytes, data: st.DataObject
) -> None:
    stream = noise.replace(b"\xef", b"\xee") + packet(Kind.DATA, content)
    reader = PacketReader()
    cut = data.draw(st.integers(0, len(stream)))
    found = reader.feed(stream[:cut]) + reader.feed(stream[cut:])
    assert [(one.kind, bytes(one.content)) for one in found] == [(Kind.DATA, content)]


@given(st.binary(min_size=1, max_size=64), st.data())
def test_a_packet_with_a_flipped_bit_is_none_and_the_next_one_is_found(
    content: bytes, data: st.DataObject
) -> None:
    spoiled = bytearray(packet(Kind.ACKNOWLEDGE, content))
    bit = data.draw(st.integers(0, len(spoiled) * 8 - 1))
    spoiled[bit // 8] ^= 1 << bit % 8
    reader = PacketReader()
    good = packet(Kind.ACKNOWLEDGE, b"\x02")
    # As many as the longest packet that a false length may promise.
    found = reader.feed(bytes(spoiled) + good * 30)
    assert found and {bytes(one.content) for one in found} == {b"\x02"}
    assert reader.noise_bytes > 0


def test_an_acknowledgement_of_something_else_is_no_parameters() -> None:
    assert parameters_of(b"\x00") is None
    told = b"\x00" + b"".join(word.to_bytes(2, "big") for word in (0, 9, 300, 3, 0xFFFF, 0xFFFF, 3, 6))
    parameters = parameters_of(told)
    assert parameters is not None and (parameters.capacity, parameters.packet_bytes) == (300, 256)


@given(st.binary(min_size=1, max_size=1000), st.sampled_from([32, 64, 128, 256]))
def test_a_template_in_packets_is_whole_again(template: bytes, size: int) -> None:
    found = PacketReader().feed(b"".join(data_packets(template, size)))
    assert b"".join(bytes(one.content) for one in found) == template
    assert [one.kind for one in found] == [Kind.DATA] * (len(found) - 1) + [Kind.LAST_DATA]


# -- taking --------------------------------------------------------------------------------------------------


def test_a_finger_is_taken_and_known_again(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator
) -> None:
    module_sim.place_finger(FINGER)
    first, again = template_of(take(module)), template_of(take(module))
    assert first != again, "two pressings are never the same bytes"
    module_sim.place_finger("测试乙")
    other = template_of(take(module))
    assert module.matches(first, again) is True
    assert module.matches(first, other) is False
    assert module.matches(bytes(first), bytes(first)) is True


def test_nobody_presses(module: FingerprintModule, module_sim: FingerprintReaderSimulator) -> None:
    started = time.monotonic()
    assert take(module, 0.5) is FingerprintFault.NO_FINGER
    assert 0.3 < time.monotonic() - started < 0.8


def test_a_finger_that_comes_late_is_taken(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator
) -> None:
    timer = threading.Timer(0.3, module_sim.place_finger)
    timer.start()
    template_of(take(module, 2.0))
    timer.join()


def test_a_dry_finger_is_a_bad_image_and_the_next_press_is_taken(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator
) -> None:
    module_sim.place_finger(clear=False)
    assert take(module) is FingerprintFault.BAD_IMAGE
    module_sim.place_finger(clear=True)
    template_of(take(module))


@pytest.mark.parametrize("code", ["03", "06", "07", "15"])
def test_every_way_to_say_that_an_image_is_bad(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator, code: str
) -> None:
    module_sim.place_finger()
    module_sim.arm(Fault(do="code", command=2, options={"code": code}))
    assert take(module) is FingerprintFault.BAD_IMAGE


def test_cancelled_while_waiting_for_a_finger(module: FingerprintModule) -> None:
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    started = time.monotonic()
    assert module.take(10.0, cancel) is FingerprintFault.CANCELED
    assert time.monotonic() - started < 0.5
    timer.join()
    assert module.take(10.0, cancel) is FingerprintFault.CANCELED


@pytest.mark.parametrize("at", [2, 3, 4], ids=["looking", "making", "sending"])
def test_a_late_acknowledgement_is_not_taken_for_the_next_one(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator, at: int
) -> None:
    """Or the template that somebody else left in the module would be handed out as this finger's."""
    module_sim.place_finger("测试乙")
    template_of(take(module))
    module_sim.place_finger(FINGER)
    module_sim.arm(Fault(do="late", command=at, for_s=1.2))
    mine = template_of(take(module, 6.0))
    reference = template_of(take(module))
    assert mine[:400] == reference[:400]


def test_a_spoiled_packet_of_a_template_is_asked_for_again(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator
) -> None:
    module_sim.place_finger()
    module_sim.arm(Fault(do="bad_sum", options={"data": True}))
    mine = template_of(take(module))
    assert mine[:400] == template_of(take(module))[:400]


def test_a_packet_that_is_spoiled_each_time_leaves_no_hole(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator
) -> None:
    module_sim.place_finger()
    for fetched in (4, 5):  # after parameters, image and template
        module_sim.arm(Fault(do="bad_sum", command=fetched, options={"data": True}))
    template_of(take(module))


def test_an_acknowledgement_that_comes_after_a_cancel_is_not_the_next_command_s(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator
) -> None:
    module_sim.place_finger()
    module_sim.arm(Fault(do="late", command=2, for_s=0.4))
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    assert module.take(5.0, cancel) is FingerprintFault.CANCELED
    timer.join()
    module_sim.lift_finger()
    assert take(module, 0.6) is FingerprintFault.NO_FINGER


def test_a_packet_that_is_lost_whole_is_missed(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator
) -> None:
    module_sim.place_finger()
    module_sim.arm(Fault(do="late", for_s=0.2, options={"data": True}))
    mine = template_of(take(module, 4.0))
    assert mine[:400] == template_of(take(module))[:400]


@pytest.mark.parametrize("fault", ["silence", "garbage"])
def test_a_module_that_makes_no_sense_ends_in_no_answer_and_recovers(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator, fault: str
) -> None:
    module_sim.place_finger()
    for number in range(1, 4):
        options = {"bytes_hex": "EF01FFFFFFFF070100" + "00" * 20} if fault == "garbage" else {}
        module_sim.arm(Fault(do=fault, command=number, options=options))
    started = time.monotonic()
    outcome = take(module, 2.0)
    assert time.monotonic() - started < 3.0
    assert outcome is FingerprintFault.NO_ANSWER or isinstance(outcome, FingerprintTaken)
    module_sim.heal()
    if module.status().state is not DeviceState.ONLINE:
        assert module.open().state is DeviceState.ONLINE
    template_of(take(module))


def test_slow_bytes_are_still_a_template(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator
) -> None:
    module_sim.place_finger()
    module_sim.arm(Fault(do="dribble", options={"gap_s": 0.0005}))
    template_of(take(module, 4.0))


@pytest.mark.parametrize("byte", [1, 30, 60, 400, 700, 1150])
def test_a_cable_pulled_anywhere_gives_no_template(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator, byte: int
) -> None:
    module_sim.place_finger()
    module_sim.arm(Fault(do="unplug", byte=byte))
    assert take(module) is FingerprintFault.NO_ANSWER
    assert module.matches(b"a", b"b") is None
    assert module.status().state is DeviceState.NO_DEVICE
    module_sim.heal()
    assert module.open().state is DeviceState.ONLINE
    template_of(take(module))


def test_templates_that_did_not_arrive_are_not_compared(
    module: FingerprintModule, module_sim: FingerprintReaderSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    module_sim.place_finger()
    mine = template_of(take(module))
    assert module.matches(mine, mine) is True
    monkeypatch.setattr(module_sim, "_take", lambda _part: None)  # it loses what it is given
    zeros, ones = bytes(TEMPLATE_BYTES), b"\x01" * TEMPLATE_BYTES
    assert module.matches(zeros, ones) is None, "it would compare what it still holds"
    assert module.matches(b"", mine) is None


def test_a_module_with_somebody_else_s_password_needs_an_engineer(port: Path) -> None:
    with FingerprintReaderSimulator(port, password=7) as simulator:
        simulator.start()
        status = FingerprintModule(port_at(str(port), 57600)).open()
    assert (status.state, status.detail) == (DeviceState.HARDWARE_ERROR, DeviceDetail.NOT_LICENSED)


def test_a_template_is_wiped_and_never_shown_or_logged(
    module: FingerprintModule,
    module_sim: FingerprintReaderSimulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    module_sim.place_finger()
    with caplog.at_level(logging.DEBUG):
        taken = take(module)
    template = template_of(taken)
    assert isinstance(taken, FingerprintTaken)
    secret = bytes(template[:16])
    assert taken.quality is None, "this family does not tell"
    assert repr(taken) == str(taken) == f"FingerprintTaken({TEMPLATE_BYTES} bytes)"
    assert secret.hex() not in caplog.text and repr(secret)[2:-1] not in caplog.text
    assert not any(module._reader._buffer) and module._waiting == []
    assert secret.hex() not in str(module_sim.state())
    taken.wipe()
    assert not any(template)
    used = set(module_sim.commands)
    assert used <= {code.value for code in Command}, "nothing that stores"


def test_fifty_openings_leave_nothing_behind(port: Path, module_sim: FingerprintReaderSimulator) -> None:
    driver = FingerprintModule(port_at(str(port), 57600))
    driver.open()
    driver.close()
    files, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for cycle in range(50):
        assert driver.open().state is DeviceState.ONLINE
        if cycle % 5 == 0:
            module_sim.unplug()
            assert driver.status().state is DeviceState.NO_DEVICE
            module_sim.plug()
        driver.close()
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == (files, threads)


class _PlainModule(FingerprintReaderSimulator):
    """One that was built from a description without ReadSysPara."""

    def _do(self, content: bytearray) -> None:
        if content[0] == Command.READ_PARAMETERS:
            self._acknowledge(Code.PACKET_ERROR)
        else:
            super()._do(content)


def test_a_module_that_does_not_tell_its_parameters_takes_fingerprints_too(port: Path) -> None:
    with _PlainModule(port) as simulator:
        simulator.start()
        driver = FingerprintModule(port_at(str(port), 57600))
        try:
            assert driver.open().state is DeviceState.ONLINE
            assert driver.status().state is DeviceState.ONLINE
            assert take(driver, 0.3) is FingerprintFault.NO_FINGER
            simulator.place_finger(FINGER)
            assert len(template_of(take(driver))) == TEMPLATE_BYTES
        finally:
            driver.close()
