"""What moves is looked at, what rests is not, and a camera that sees nothing is found out."""

from __future__ import annotations

import numpy as np
import pytest

from devices.camera import scene
from devices.camera.camera_watch import CameraWatch
from devices.camera.motion_gate import LOOK_AGAIN_S, MotionGate, Verdict, sampled
from devices.transport.frame_source import Pixels
from kiosk.domain.device_status import DeviceDetail

EMPTY = scene.counter()
FPS = 15


class Camera:
    """A scene, a sensor and a gate at fifteen frames a second."""

    def __init__(self, sigma: float = 3.0) -> None:
        self.gate = MotionGate()
        self.sensor = scene.Sensor(EMPTY.shape, sigma)
        self.now = 0.0

    def see(self, view: Pixels, frames: int = 1) -> list[Verdict]:
        verdicts = []
        for _ in range(frames):
            self.now += 1 / FPS
            verdicts.append(self.gate.judge(sampled(self.sensor.take(view)), self.now))
        return verdicts


@pytest.fixture(scope="module")
def held() -> Pixels:
    return scene.shown(EMPTY, scene.code_picture(b"https://example.cn/r/410722360815"))


@pytest.mark.parametrize("sigma", [1.0, 3.0, 12.0])
def test_a_still_counter_is_looked_at_thoroughly_once_and_then_no_more(sigma: float) -> None:
    verdicts = Camera(sigma).see(EMPTY, 60)
    assert verdicts.count(Verdict.SETTLED) == 1
    at = verdicts.index(Verdict.SETTLED)
    assert at <= FPS
    assert set(verdicts[:at]) == {Verdict.MOVING}
    assert set(verdicts[at + 1 :]) == {Verdict.STILL}


def test_a_code_shown_while_the_gate_is_shut_opens_it_until_it_rests(held: Pixels) -> None:
    camera = Camera()
    camera.see(EMPTY, 20)
    verdicts = camera.see(held, 20)
    assert verdicts[0] is Verdict.MOVING
    assert verdicts.count(Verdict.MOVING) >= 4
    assert verdicts.count(Verdict.SETTLED) == 1


def test_another_code_in_the_same_place_opens_the_gate(held: Pixels) -> None:
    other = scene.shown(EMPTY, scene.code_picture(b"https://example.cn/r/410722360816"))
    camera = Camera()
    camera.see(held, 20)
    assert camera.see(other)[0] is Verdict.MOVING


def test_a_small_code_far_away_opens_the_gate() -> None:
    small = scene.shown(EMPTY, scene.code_picture(b"1234"), width_px=90, at=(0.2, 0.8))
    camera = Camera()
    camera.see(EMPTY, 20)
    assert camera.see(small)[0] is Verdict.MOVING


def test_light_that_changes_slowly_opens_nothing() -> None:
    camera = Camera()
    camera.see(EMPTY, 20)
    dimmed = [np.clip(EMPTY * (1 - 0.1 * step / 60), 0, 255).astype(np.uint8) for step in range(60)]
    assert {camera.see(view)[0] for view in dimmed} == {Verdict.STILL}


def test_nothing_can_creep_in_slowly(held: Pixels) -> None:
    camera = Camera()
    camera.see(EMPTY, 20)
    fading = [
        np.clip(EMPTY * (1 - step / 90) + held * (step / 90), 0, 255).astype(np.uint8) for step in range(91)
    ]
    assert Verdict.MOVING in [camera.see(view)[0] for view in fading]


def test_even_a_still_picture_is_looked_at_now_and_then() -> None:
    camera = Camera()
    verdicts = camera.see(EMPTY, int(FPS * (2 * LOOK_AGAIN_S + 2)))
    assert verdicts[FPS:].count(Verdict.MOVING) == 2


def test_a_gate_that_is_opened_looks_at_what_lies_there() -> None:
    camera = Camera()
    camera.see(EMPTY, 20)
    camera.gate.open()
    assert camera.see(EMPTY)[0] is Verdict.MOVING


def watch(frames: list[Pixels], step_s: float) -> DeviceDetail:
    watching = CameraWatch()
    for number, frame in enumerate(frames):
        watching.see(frame, sampled(frame), number * step_s)
    return watching.detail


def test_a_sensor_that_sends_the_same_bits_is_frozen() -> None:
    frame = scene.Sensor(EMPTY.shape).take(EMPTY)
    count = int(CameraWatch.frozen_after_s) + 2
    assert watch([frame.copy() for _ in range(count)], 1.0) is DeviceDetail.PICTURE_FROZEN
    almost = [frame.copy() for _ in range(count)]
    almost[count // 2][-1, -1] ^= 1
    assert watch(almost, 1.0) is DeviceDetail.NONE


def test_a_hand_on_the_lens_is_covered_not_frozen_and_passes() -> None:
    black = np.full(EMPTY.shape, 5, np.uint8)
    count = int(CameraWatch.covered_after_s) + 20
    assert watch([black] * count, 1.0) is DeviceDetail.LENS_COVERED
    assert watch([black] * count + [EMPTY], 1.0) is DeviceDetail.NONE


def test_a_dark_room_with_a_lit_phone_is_not_covered(held: Pixels) -> None:
    dark = np.where(held == EMPTY, 6, held).astype(np.uint8)
    sensor = scene.Sensor(EMPTY.shape)
    assert watch([sensor.take(dark) for _ in range(8)], 1.0) is DeviceDetail.NONE
