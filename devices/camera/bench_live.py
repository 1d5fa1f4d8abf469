"""What a camera costs that nobody holds anything before, and what becomes of Chinese payloads."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from devices.camera import scene
from devices.camera.bench_contest import OURS, PYZBAR, ZXING, ours, pyzbar, zxing
from devices.camera.camera_watch import CameraWatch
from devices.camera.decoder import CodeReader
from devices.camera.decoder_client import DecoderClient
from devices.camera.motion_gate import MotionGate, Verdict, sampled
from devices.transport.frame_source import Pixels
from kiosk.bench.sample import goal, summary
from kiosk.clock import SystemClock

_FRAMES_PER_S = 15
_MOVING_FRAMES = 240
_PYZBAR_EVERY = 12
_STILL_FRAMES = 300
_EACH_PAYLOAD = 200
_PLAIN_TEXT = "https://example.cn/r/410722360815"


def empty_frames() -> dict[str, Any]:
    """Moving 720p frames without a code, as the driver looks at them; beside plain zxing-cpp and pyzbar.

    All of them count, also those on which a rung of the thorough look was taken with what was saved.
    """
    reader, plain, zbar = CodeReader(), zxing(), _pyzbar()
    scenes = [scene.counter(seed) for seed in range(8)]
    sensor = scene.Sensor(scenes[0].shape)
    ours_ms, zxing_ms, pyzbar_ms = [], [], []
    false_readings = 0
    for number in range(_MOVING_FRAMES):
        frame = sensor.take(scenes[number % len(scenes)])
        taken, look = _timed(lambda frame=frame: reader.look(frame, settled=False))  # type: ignore[misc]
        ours_ms.append(taken)
        false_readings += len(look.readings)
        zxing_ms.append(_timed(lambda frame=frame: plain(frame))[0])  # type: ignore[misc]
        if zbar is not None and number % _PYZBAR_EVERY == 0:
            pyzbar_ms.append(_timed(lambda frame=frame: zbar(frame))[0])  # type: ignore[misc]
    report: dict[str, Any] = {
        "linban_ms": _with_mean(ours_ms),
        "zxing_ms": _with_mean(zxing_ms),
        "to_zxing": goal(statistics.fmean(ours_ms) / statistics.fmean(zxing_ms), 1.15, "×"),
        "false_readings": goal(false_readings, 0, "readings"),
        "thorough_look_once_at_rest_ms": _with_mean(
            [_timed(lambda each=each: reader.look(sensor.take(each), settled=True))[0] for each in scenes]  # type: ignore[misc]
        ),
    }
    if pyzbar_ms:
        report["pyzbar_ms"] = _with_mean(pyzbar_ms)
        report["to_pyzbar"] = goal(statistics.fmean(ours_ms) / statistics.fmean(pyzbar_ms), 0.12, "×")
    return report


def still_scene() -> dict[str, Any]:
    """A counter on which nothing moves: gate, watch and the look that is taken all the same now and then."""
    gate, watch, reader, plain = MotionGate(), CameraWatch(), CodeReader(), zxing()
    empty = scene.counter()
    sensor = scene.Sensor(empty.shape)
    now = 0.0
    verdict = Verdict.MOVING
    while verdict is not Verdict.SETTLED:
        now += 1 / _FRAMES_PER_S
        verdict = gate.judge(sampled(sensor.take(empty)), now)
    ours_ms, zxing_ms = [], []
    for number in range(_STILL_FRAMES):
        frame = sensor.take(empty)
        now += 1 / _FRAMES_PER_S

        def once(frame: Pixels = frame, now: float = now) -> None:
            samples = sampled(frame)
            watch.see(frame, samples, now)
            if gate.judge(samples, now) is not Verdict.STILL:
                reader.look(frame, settled=False)

        ours_ms.append(_timed(once)[0])
        if number % 10 == 0:
            zxing_ms.append(_timed(lambda frame=frame: plain(frame))[0])  # type: ignore[misc]
    return {
        "linban_ms": _with_mean(ours_ms),
        "zxing_ms": _with_mean(zxing_ms),
        "to_zxing": goal(statistics.fmean(ours_ms) / statistics.fmean(zxing_ms), 0.06, "×"),
    }


def chinese_payloads() -> dict[str, Any]:
    """Clean codes with Chinese in them, in every encoding that is met."""
    readers = {OURS: ours(), ZXING: zxing()}
    if (zbar := _pyzbar()) is not None:
        readers[PYZBAR] = zbar
    counts: dict[str, Counter[str]] = {name: Counter() for name in readers}
    lines: dict[str, Counter[str]] = {}
    total = 0
    for line, text, picture in _payloads():
        total += 1
        for name, reads in readers.items():
            read = reads(picture)
            outcome = "right" if text in read else "unread" if not any(read) else "wrong"
            counts[name][outcome] += 1
            if name == OURS:
                lines.setdefault(line, Counter())[outcome] += 1
    report: dict[str, Any] = {name: {"of": total, **count} for name, count in counts.items()}
    report["linban_by_line"] = {line: dict(count) for line, count in lines.items()}
    report["wrong_texts"] = goal(counts[OURS]["wrong"], 1, "payloads")
    return report


def process_of_its_own() -> dict[str, Any]:
    """What it adds that pictures are decoded in another process, and how soon that one is back."""
    clock, never = SystemClock(), threading.Event()
    empty = scene.counter()
    frame = scene.Sensor(empty.shape).take(scene.shown(empty, scene.code_picture(_PLAIN_TEXT.encode())))
    client, reader = DecoderClient(("qr",), clock), CodeReader()

    def through(within_s: float = 30.0) -> bool:
        deadline = clock.monotonic() + within_s
        return client.look(frame, settled=False, deadline=deadline, cancel=never) is not None

    try:
        start_s = _wall(through)
        here, there = [], []
        for _ in range(40):
            here.append(_wall(lambda: reader.look(frame, settled=False)) * 1e3)
            there.append(_wall(through) * 1e3)
    finally:
        client.close()
    return {
        "start_s": round(start_s, 3),
        "here_ms": summary(here),
        "there_ms": summary(there),
        "added_ms": round(statistics.median(there) - statistics.median(here), 3),
    }


def _payloads() -> Iterator[tuple[str, str, Pixels]]:
    chosen = random.Random(11)  # noqa: S311 - invented texts
    common = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)]

    def hanzi(least: int, most: int) -> str:
        return "".join(chosen.choice(common) for _ in range(chosen.randint(least, most)))

    def text() -> str:
        kind = chosen.randrange(4)
        if kind == 0:
            return hanzi(2, 20)
        if kind == 1:
            return f"姓名:{hanzi(2, 3)},证号:{'0' * 6}{chosen.randrange(10**12):012d}"
        if kind == 2:
            return f"https://example.cn/{hanzi(2, 6)}?id={chosen.randrange(10**6)}"
        return f"{hanzi(2, 8)}{chosen.randrange(1000)}号￥{chosen.randrange(100)}.00"

    lines: dict[str, Callable[[], tuple[str, dict[str, Any]]]] = {
        "UTF-8": lambda: (text(), {"encoding": "utf-8", "mode": "byte"}),
        "UTF-8, named": lambda: (text(), {"encoding": "utf-8", "eci": True}),
        "GB 18030": lambda: (text(), {"encoding": "gb18030", "mode": "byte"}),
        "GB 18030, named": lambda: (text(), {"encoding": "gb18030", "eci": True}),
        "GBK": lambda: (text(), {"encoding": "gbk", "mode": "byte"}),
        # A version with room to spare: segno counts a hanzi segment four bits too short and may cut it.
        "hanzi mode": lambda: (hanzi(2, 20), {"mode": "hanzi", "version": 4, "error": "m"}),
    }
    for line, make in lines.items():
        for _ in range(_EACH_PAYLOAD):
            content, options = make()
            yield line, content, scene.code_picture(content, module_px=4, **options)


def _pyzbar() -> Callable[[Pixels], list[str]] | None:
    try:
        return pyzbar()
    except ImportError:
        return None


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = call()
    return (time.process_time() - started) * 1e3, result


def _wall(call: Callable[[], Any]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


def _with_mean(values: list[float]) -> dict[str, float]:
    return {**summary(values), "mean": round(statistics.fmean(values), 3)}
