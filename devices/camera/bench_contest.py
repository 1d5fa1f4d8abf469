"""Decoders side by side on the same photographs in the same run: what each reads, and what it costs.

The peers are asked as their own first example asks them, for QR codes where that can be said.  Costs are
processor time of this process, the median of some rounds for each photograph, the contestants in random order;
each looks once unmeasured before, so that nobody pays for the caches that another one has filled.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import zxingcpp

from devices.camera.bench_photographs import Photograph
from devices.camera.decoder import CodeReader
from devices.transport.frame_source import Pixels
from kiosk.bench.sample import goal, goal_at_least, summary

OURS, ZXING, PYZBAR = "linban", "zxing-cpp", "pyzbar"
_ROUNDS = 3
Reads = Callable[[Pixels], list[str]]


def ours() -> Reads:
    """What the driver does with a picture that has come to rest: `CodeReader.look`, settled."""
    reader = CodeReader()
    return lambda grey: [
        "" if reading.text is None else reading.text for reading in reader.look(grey, settled=True).readings
    ]


def zxing() -> Reads:
    """zxing-cpp, QR codes only."""
    formats = zxingcpp.BarcodeFormats([zxingcpp.QRCode])
    return lambda grey: [code.text for code in zxingcpp.read_barcodes(grey, formats=formats)]


def pyzbar() -> Reads:
    """pyzbar, QR codes only."""
    from pyzbar import pyzbar as library

    def reads(grey: Pixels) -> list[str]:
        found = library.decode(grey, symbols=[library.ZBarSymbol.QRCODE])
        return [code.data.decode("utf-8", "replace") for code in found]

    return reads


def opencv(detector: Any) -> Reads:
    """One of OpenCV's two QR detectors."""

    def reads(grey: Pixels) -> list[str]:
        try:
            found, texts, _, _ = detector.detectAndDecodeMulti(grey)
        except (cv2.error, UnicodeDecodeError):
            return []
        return [text for text in texts if text] if found else []

    return reads


def contestants() -> dict[str, Reads]:
    """Everybody."""
    everybody = {OURS: ours(), ZXING: zxing()}
    try:
        everybody[PYZBAR] = pyzbar()
    except ImportError:
        pass  # it is a peer here and one rung of ours; a terminal may do without
    everybody["opencv"] = opencv(cv2.QRCodeDetector())
    everybody["opencv-aruco"] = opencv(cv2.QRCodeDetectorAruco())
    return everybody


def photograph_contest(photographs: Sequence[Photograph]) -> dict[str, Any]:
    """Everybody on every photograph."""
    everybody = contestants()
    texts: dict[str, list[list[str]]] = {name: [] for name in everybody}
    costs_ms: dict[str, list[float]] = {name: [] for name in everybody}
    shuffled = random.Random(4)  # noqa: S311 - an order of turns
    for photograph in photographs:
        for name, (read, cost_ms) in _one(photograph.grey, everybody, shuffled).items():
            texts[name].append(read)
            costs_ms[name].append(cost_ms)
    report = {name: _result(photographs, texts[name], costs_ms[name]) for name in everybody}
    report |= _goals(report, costs_ms, texts[ZXING])
    return report


def _one(
    grey: Pixels, everybody: dict[str, Reads], shuffled: random.Random
) -> dict[str, tuple[list[str], float]]:
    taken: dict[str, list[float]] = {name: [] for name in everybody}
    read: dict[str, list[str]] = {}
    names = list(everybody)
    for _ in range(_ROUNDS):
        shuffled.shuffle(names)
        for name in names:
            everybody[name](grey)
            started = time.process_time()
            read[name] = everybody[name](grey)
            taken[name].append((time.process_time() - started) * 1e3)
    return {name: (read[name], statistics.median(taken[name])) for name in everybody}


def _result(
    photographs: Sequence[Photograph], texts: Sequence[Sequence[str]], costs_ms: Sequence[float]
) -> dict[str, Any]:
    pairs = list(zip(photographs, texts, strict=True))
    right = [photograph.name for photograph, read in pairs if photograph.text in read]
    wrong = [photograph.name for photograph, read in pairs if read and photograph.text not in read]
    unread = [photograph.name for photograph, read in pairs if not read]
    return {
        "right": len(right),
        "of": len(photographs),
        "rate": round(len(right) / len(photographs), 4),
        "wrong": len(wrong),
        "unread": len(unread),
        "cost_ms": {**summary(costs_ms), "mean": round(statistics.fmean(costs_ms), 3)},
        "wrong_files": wrong,
        "unread_files": unread,
    }


def _goals(
    report: dict[str, Any], costs_ms: dict[str, list[float]], zxing_texts: Sequence[Sequence[str]]
) -> dict[str, Any]:
    best = max(result["right"] for name, result in report.items() if name != OURS)
    # More than the best of the others; where that one read everything, as much.
    wanted = min(best + 1, report[OURS]["of"])
    hits = [index for index, read in enumerate(zxing_texts) if read]
    ratio = 1.0
    if hits:
        ratio = statistics.median(costs_ms[OURS][index] for index in hits) / statistics.median(
            costs_ms[ZXING][index] for index in hits
        )
    return {
        "right_above_the_best_peer": goal_at_least(report[OURS]["right"], wanted, "photographs"),
        "wrong_readings": goal(report[OURS]["wrong"], 0, "photographs"),
        "typical_hit_to_zxing": goal(ratio, 1.2, "×"),
    }
