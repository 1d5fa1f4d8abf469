"""What happens at the printer unasked: paper running low, a slip standing in the mouth, taken, or left there."""

from __future__ import annotations

from kiosk.clock import Clock
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceStatus, MediaState, SupplyState

LEFT_BEHIND_S = 90.0
"""Longer than a resident stays in front of the terminal after the last page."""

_EDGES = {
    (MediaState.NOT_PRESENT, MediaState.PRESENT): DeviceEvent.MEDIA_PRESENTED,
    (MediaState.PRESENT, MediaState.NOT_PRESENT): DeviceEvent.MEDIA_TAKEN,
}


class PaperWatch:
    """Turns one status after another into events."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._media = MediaState.UNKNOWN
        self._paper = SupplyState.UNKNOWN
        self._present_since: float | None = None
        self._events: list[DeviceEvent] = []

    def saw(self, status: DeviceStatus) -> None:
        """Compare with what was seen before; what the printer does not tell changes nothing."""
        if status.paper is not SupplyState.UNKNOWN:
            if self._paper not in (SupplyState.UNKNOWN, status.paper):
                self._events.append(DeviceEvent.PAPER_THRESHOLD)
            self._paper = status.paper
        if status.media in (MediaState.PRESENT, MediaState.NOT_PRESENT):
            self._saw_media(status.media)

    def take(self) -> list[DeviceEvent]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    def _saw_media(self, media: MediaState) -> None:
        now = self._clock.monotonic()
        if event := _EDGES.get((self._media, media)):
            self._events.append(event)
        if media is not self._media:
            self._present_since = now if media is MediaState.PRESENT else None
        elif self._present_since is not None and now - self._present_since >= LEFT_BEHIND_S:
            self._events.append(DeviceEvent.MEDIA_LEFT_BEHIND)
            self._present_since = None
        self._media = media
