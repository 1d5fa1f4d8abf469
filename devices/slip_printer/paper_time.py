"""Whether the answers of a printer came later than the paper could have moved.

Some firmware answers a queued question as soon as it has read it, with the slip still in its buffer.  Nothing
moves paper faster than its motor: what answers sooner has not printed.  Taken from both ends: the bytes
cannot have been printed before they left, and a truthful printer may be a little ahead of its paper
(`answers_ahead_mm`).

Its limits: on a slip shorter than `answers_ahead_mm`, and on a line slower than the paper, a hasty answer
looks like a true one.  Then only the real-time state after the last byte speaks against it.
"""

from __future__ import annotations

from devices.slip_printer.models import Model


class PaperTime:
    """The paper that a slip moves, chunk by chunk, against the moments of the answers."""

    def __init__(self, model: Model) -> None:
        self._dots_a_second = model.max_speed_mm_s * model.dots_per_mm
        self._ahead_dots = model.answers_ahead_mm * model.dots_per_mm
        self._chunks: list[tuple[float, int]] = []
        self._total_dots = 0
        self._asked: list[int] = []
        self.too_early = False
        """An answer came before its paper could have."""

    def sending(self, now: float, dots: int) -> None:
        """A chunk that moves the paper by at least `dots` begins to leave."""
        self._chunks.append((now, self._total_dots))
        self._total_dots += dots

    def asked(self) -> None:
        """A question stands behind everything sent so far."""
        self._asked.append(self._total_dots)

    def answered(self, now: float) -> None:
        """The oldest question was answered."""
        if not self._asked:
            return
        dots = self._asked.pop(0)
        for left_at, before in self._chunks:
            moved = max(dots - before - self._ahead_dots, 0)
            if now - left_at < moved / self._dots_a_second:
                self.too_early = True

    def seconds_for(self, dots: int) -> float:
        """What so much paper takes at the least."""
        return dots / self._dots_a_second

    @property
    def least_s(self) -> float:
        """What the whole slip takes at the least."""
        return self.seconds_for(self._total_dots)
