"""The ladder: finds the codes in one frame, spending more only where more is likely to be found.

What is done when:

* every frame: zxing-cpp once, told to report what it locates and cannot read;
* something is located and not read: its surroundings are prepared in several ways and looked at again, and
  the code is straightened (see `unbend`), until it is read or `LOCATED_BUDGET_S` is spent;
* nothing is located and the picture has come to rest (`settled`): a thorough look, the whole picture prepared
  in many ways, and a search of our own for finder patterns, until `SETTLED_BUDGET_S` is spent.  The driver asks for it once after each movement, so an
  empty counter pays for it once and not with every frame;
* nothing is located and the picture moves: one rung of the thorough look whenever `_SHARE` of what the plain
  looks have cost so far pays for it.  So an empty moving frame costs at most 1.07 plain looks on average.

Error correction makes a reading right or none.  Where hardly any of it was left (`_SURE`), a reading out of a
prepared picture counts only when a second, different look says the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from msgspec import Struct

from devices.camera.code_bytes import text_of
from devices.camera.engines import Candidate, Symbol, Zbar, Zxing, read_portrait
from devices.camera.finder_patterns import located
from devices.camera.preparations import BY_FINDERS, LOCATED, UNSEEN, Preparation
from devices.camera.qr_segments import parts
from devices.camera.unbend import portrait, straightened
from devices.transport.frame_source import Pixels

LOCATED_BUDGET_S = 0.08
SETTLED_BUDGET_S = 0.3
_SHARE = 0.07
"""Of the plain looks at moving pictures, for one rung of the thorough look now and then."""
_SURE = 0.15
"""Error correction left over, at least, for a reading to stand alone."""
_AROUND = 0.3
"""Of a located code's size, on each side: what is prepared besides the code."""
_SAME_PLACE_MODULES = 1.5


class Reading(Struct, frozen=True, gc=False):
    """One code. `text` is None when its bytes are no text that can be trusted."""

    data: bytes
    text: str | None
    symbology: str
    rung: str
    """Which look read it."""


class Look(Struct, frozen=True):
    """What came of one frame."""

    readings: tuple[Reading, ...]
    located: bool
    """Whether a code is there, read or not."""


class CodeReader:
    """Looks at frames, one at a time, on one thread.

    Budgets are in processor seconds of this thread; `clock` is for tests.
    """

    def __init__(
        self,
        symbologies: Sequence[str] = ("qr",),
        *,
        located_budget_s: float = LOCATED_BUDGET_S,
        settled_budget_s: float = SETTLED_BUDGET_S,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._zxing = Zxing(symbologies)
        self._zbar = Zbar.available() if "qr" in symbologies else None
        self._budgets = (located_budget_s, settled_budget_s)
        self._clock = clock
        self._saved_s = 0.0
        self._rung_cost_s: dict[str, float] = {}
        self._next_rung = 0

    def look(self, grey: Pixels, *, settled: bool) -> Look:
        """The codes in a grey picture. `settled`: it has come to rest and may cost a thorough look."""
        started = self._clock()
        symbols, candidates = self._zxing.read(grey)
        if symbols:
            return _look(symbols, "first")
        doubtful = _Doubts()
        if candidates:
            deadline = started + self._budgets[0]
            symbols, rung = self._look_around(grey, candidates, deadline, doubtful)
            if symbols or not settled:
                return _look(symbols, rung, located=True)
        if settled:
            symbols, rung = self._look_everywhere(grey, started + self._budgets[1], doubtful)
            return _look(symbols, rung, located=bool(candidates))
        self._saved_s += (self._clock() - started) * _SHARE
        symbols, rung = self._spend_savings(grey, doubtful)
        return _look(symbols, rung)

    def _look_around(
        self, grey: Pixels, candidates: Sequence[Candidate], deadline: float, doubtful: _Doubts
    ) -> tuple[list[Symbol], str]:
        """Prepare the surroundings of what was located; straighten it as it is, and as prepared."""
        part, candidates = _cut_out(grey, candidates)
        first = LOCATED[0]
        symbols, more = self._climb(part, first)
        if sure := doubtful.settle(symbols):
            return sure, first.name
        tried: list[Candidate] = []
        for image, found, name in ((part, candidates, "as it is"), (first.apply(part), more, first.name)):
            if sure := self._straighten(image, found, 1.0, tried, deadline, doubtful):
                return sure, f"straightened, {name}"
        for rung in LOCATED[1:]:
            if self._clock() > deadline:
                break
            symbols, more = self._climb(part, rung)
            if sure := doubtful.settle(symbols):
                return sure, rung.name
            if more and (
                sure := self._straighten(rung.apply(part), more, rung.scale, tried, deadline, doubtful)
            ):
                return sure, f"straightened, {rung.name}"
        return [], ""

    def _look_everywhere(self, grey: Pixels, deadline: float, doubtful: _Doubts) -> tuple[list[Symbol], str]:
        tried: list[Candidate] = []
        for rung in UNSEEN:
            if self._clock() > deadline:
                break
            symbols, name = self._look_once(grey, rung, tried, deadline, doubtful)
            if symbols:
                return symbols, name
        for rung in BY_FINDERS:
            if self._clock() > deadline:
                break
            if grey.size <= rung.max_pixels and min(grey.shape) >= _SMALLEST_PX:
                image = rung.apply(grey)
                found = located(image)
                if sure := self._straighten(image, found, rung.scale, tried, deadline, doubtful):
                    return sure, f"straightened by finders, {rung.name}"
        return [], ""

    def _spend_savings(self, grey: Pixels, doubtful: _Doubts) -> tuple[list[Symbol], str]:
        rung = UNSEEN[self._next_rung]
        key = f"{rung.name} {grey.shape}"
        # What it costs is learnt by doing it; until then it is taken to be dear.
        if self._saved_s < self._rung_cost_s.get(key, 0.02):
            return [], ""
        started = self._clock()
        symbols, name = self._look_once(grey, rung, [], started + self._budgets[0], doubtful)
        cost_s = self._clock() - started
        self._rung_cost_s[key] = cost_s
        self._saved_s -= cost_s
        self._next_rung = (self._next_rung + 1) % len(UNSEEN)
        return symbols, name

    def _look_once(
        self, grey: Pixels, rung: Preparation, tried: list[Candidate], deadline: float, doubtful: _Doubts
    ) -> tuple[list[Symbol], str]:
        symbols, candidates = self._climb(grey, rung)
        if sure := doubtful.settle(symbols):
            return sure, rung.name
        if candidates:
            image = rung.apply(grey)
            sure = self._straighten(image, candidates, rung.scale, tried, deadline, doubtful)
            if sure:
                return sure, f"straightened, {rung.name}"
        return [], ""

    def _climb(self, image: Pixels, rung: Preparation) -> tuple[list[Symbol], list[Candidate]]:
        if image.size > rung.max_pixels or min(image.shape) * rung.scale < _SMALLEST_PX:
            return [], []
        if rung.by_zbar:
            return (self._zbar.read(rung.apply(image)), []) if self._zbar else ([], [])
        return self._zxing.read(rung.apply(image), histogram=rung.histogram)

    def _straighten(
        self,
        image: Pixels,
        candidates: Sequence[Candidate],
        scale: float,
        tried: list[Candidate],
        deadline: float,
        doubtful: _Doubts,
    ) -> list[Symbol]:
        """Straighten each candidate that was not tried yet."""
        for candidate in candidates:
            place = replace(candidate, corners=candidate.corners / scale)
            if any(_same_place(place, other) for other in tried):
                continue
            tried.append(place)
            for modules in straightened(image, candidate.corners, candidate.side):
                symbol = read_portrait(portrait(modules))
                if symbol is not None and (sure := doubtful.settle([symbol])):
                    return sure
                if self._clock() > deadline:
                    return []
        return []


_SMALLEST_PX = 21
"""A picture with fewer rows than a code has modules holds none."""


class _Doubts:
    """Readings that wait for a second one that says the same."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def settle(self, symbols: Sequence[Symbol]) -> list[Symbol]:
        """Those that are sure by themselves, or that were seen before."""
        sure = [symbol for symbol in symbols if symbol.spare() >= _SURE or symbol.data in self._seen]
        self._seen.update(symbol.data for symbol in symbols)
        return sure


def _look(symbols: Sequence[Symbol], rung: str, *, located: bool = False) -> Look:
    return Look(tuple([_reading(symbol, rung) for symbol in symbols]), located or bool(symbols))


def _reading(symbol: Symbol, rung: str) -> Reading:
    cut = None
    if symbol.modules is not None and symbol.mask is not None:
        cut = parts(symbol.modules, symbol.mask, symbol.level, symbol.data)
    return Reading(symbol.data, text_of(symbol.data, cut), symbol.symbology, rung)


def _cut_out(grey: Pixels, candidates: Sequence[Candidate]) -> tuple[Pixels, list[Candidate]]:
    """The part of the picture around everything that was located, and where it lies in that part."""
    corners = np.concatenate([candidate.corners for candidate in candidates])
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = _AROUND * (high - low)
    height, width = grey.shape
    left, top = (int(value) for value in np.clip(low - margin, 0, (width - 1, height - 1)))
    right, bottom = (int(value) + 1 for value in np.clip(high + margin, 0, (width - 1, height - 1)))
    part = np.ascontiguousarray(grey[top:bottom, left:right])
    offset = np.array((left, top), np.float32)
    return part, [replace(candidate, corners=candidate.corners - offset) for candidate in candidates]


def _same_place(one: Candidate, other: Candidate) -> bool:
    module_px = np.ptp(one.corners, axis=0).max() / one.side
    apart = np.abs(one.corners - other.corners).max()
    return one.side == other.side and bool(apart < _SAME_PLACE_MODULES * module_px)
