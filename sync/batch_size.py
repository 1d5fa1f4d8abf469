"""How large the next batch may be: small on a slow line, large on a quick one, learned from the exchanges."""

from __future__ import annotations

MOST_BYTES = 1024 * 1024
"""Sealed bytes in one batch, whatever the line."""

_FIRST_ENTRIES = 64
_FIRST_BYTES = 24 * 1024
"""Nothing is known of the line yet: three seconds at 64 kbit/s."""
_LEAST_BYTES = 8 * 1024
_QUICK_S = 1.0
"""Below this the next batch is larger."""
_SLOW_S = 2.0
"""Above this it is smaller: what is on its way is lost with the line, and others wait for it."""
_ROOMY_S = 4.0
"""Up to this a second batch may be on its way beside the first."""


class BatchSize:
    """The size of batches. `entries` and `sealed_bytes` are what the next may have at most."""

    def __init__(self, most_entries: int) -> None:
        self._most_entries = most_entries
        self._most_bytes = MOST_BYTES
        self.entries = min(_FIRST_ENTRIES, most_entries)
        self.sealed_bytes = _FIRST_BYTES
        self.side_by_side = False
        """Whether the line is quick enough for two at once."""

    def took(self, seconds: float, entries: int, sealed_bytes: int) -> None:
        """An exchange of so many entries took so long."""
        self.side_by_side = seconds < _ROOMY_S
        if seconds > _SLOW_S:
            share = 1.5 / seconds
            self._set(round(entries * share), round(sealed_bytes * share))
        elif seconds < _QUICK_S and (2 * entries >= self.entries or 2 * sealed_bytes >= self.sealed_bytes):
            # One that was not half full says nothing about fuller ones.
            self._set(self.entries * 2, self.sealed_bytes * 2)

    def timed_out(self) -> None:
        """An exchange came to no end."""
        self.side_by_side = False
        self._set(self.entries // 2, self.sealed_bytes // 2)

    def too_large(self) -> None:
        """The platform, or a gateway before it, will not take so much at once: never again."""
        self._most_bytes = max(self.sealed_bytes // 2, _LEAST_BYTES)
        self._set(self.entries, self._most_bytes)

    def _set(self, entries: int, sealed_bytes: int) -> None:
        self.entries = min(max(entries, 1), self._most_entries)
        self.sealed_bytes = min(max(sealed_bytes, _LEAST_BYTES), self._most_bytes)
