"""How long to wait before the next try: exponential, full jitter, capped, and never nothing.

Full jitter (a uniform draw from the whole interval) is what keeps ten thousand terminals whose line came
back in the same second from knocking in the same second.
"""

from __future__ import annotations

import random

_FIRST_S = 0.5
_FLOOR_S = 0.05
"""A draw near zero must not become a busy loop."""
_TAKEN_AT_ITS_WORD = 3
_UNWANTED_PAUSES = 10
_SPREAD_SHARE = 0.1
"""Of an outage: after ten minutes without a line, the first tries of a fleet are spread over one."""
_SHORT_S = 10.0


def reconnect_delay_s(outage_s: float, cap_s: float, draw: random.Random | None = None) -> float:
    """How long to hold back when the network says that it is there again.

    A village's power or a province's line comes back for everybody in the same second.  After a short outage of
    one terminal nobody waits; the longer it was, the more of them there may be.
    """
    if outage_s < _SHORT_S:
        return 0.0
    return (draw or random.SystemRandom()).uniform(0, min(outage_s * _SPREAD_SHARE, cap_s))


class Backoff:
    """The pauses of one thing that is being tried again."""

    def __init__(self, cap_s: float, draw: random.Random | None = None) -> None:
        self._cap_s = cap_s
        self._draw = draw or random.SystemRandom()
        self._failures = 0
        self._unwanted = 0

    def reset(self) -> None:
        """It worked."""
        self._failures = self._unwanted = 0

    def next_s(self, retry_after_s: float | None = None) -> float:
        """It failed: the pause before the next try.

        A time that the other side asked for (Retry-After, RFC 9110 §10.2.3) is honoured with a little
        jitter on top, but clamped to the cap: an absurd one must not silence a terminal for a year.  One that
        asks for no pause at all is no reason to make none.
        """
        self._failures += 1
        if retry_after_s is not None and retry_after_s >= _FIRST_S:
            asked_s = min(retry_after_s, self._cap_s)
            return asked_s + self._draw.uniform(0, min(asked_s * 0.1, 5.0))
        widest_s = min(self._cap_s, _FIRST_S * 2.0 ** min(self._failures - 1, 30))
        return max(_FLOOR_S, self._draw.uniform(0, widest_s))

    def not_authorised_s(self) -> float:
        """The other side does not know us (any more): the pause before the next try.

        An enrolment that is not accepted will not mend in a minute: so many times the longest pause.  But one
        request that was spoilt on its way is refused in the same words, so only the third in a row is believed.
        """
        self._unwanted += 1
        if self._unwanted < _TAKEN_AT_ITS_WORD:
            return self.next_s()
        return self._cap_s * _UNWANTED_PAUSES
