"""What a service can do right now, said before the resident spends any effort."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.catalogue.pack import OfflineAbility, Pack
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceStatus
from kiosk.domain.enrolment import Standing
from kiosk.domain.trust import Rung


class LineState(StrEnum):
    """The line to the central platform, as the sync process sees it."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"
    """Being found out, or the sync process is starting."""
    NOT_ENROLLED = "not_enrolled"


class Obstacle(StrEnum):
    """Something that stands in a service's way, or will be missing at its end."""

    ON_BATTERY = "on_battery"
    """The mains are gone: what was begun may be finished, nothing new is begun."""
    NO_JOURNAL = "no_journal"
    NOT_ENROLLED = "not_enrolled"
    STOPPED = "stopped"
    """The platform has stopped this terminal: what is received here might not count."""
    NO_ROOM = "no_room"
    """What is left of the disk is kept for cases that were received already."""
    NO_READER = "no_reader"
    NO_LINE = "no_line"
    """The service needs an answer while the resident waits, and the line is down."""
    SENT_LATER = "sent_later"
    """Not in the way: the case is received here and sent when the line is back."""
    NO_SLIP = "no_slip"
    """Not in the way: the number will be on the screen only."""


_BLOCKING = frozenset(
    {
        Obstacle.ON_BATTERY,
        Obstacle.NO_JOURNAL,
        Obstacle.NOT_ENROLLED,
        Obstacle.STOPPED,
        Obstacle.NO_ROOM,
        Obstacle.NO_READER,
        Obstacle.NO_LINE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the terminal knows of itself at this moment."""

    devices: dict[DeviceClass, DeviceStatus] = field(default_factory=dict)
    line: LineState = LineState.UNKNOWN
    journal_ready: bool = True
    enrolled: bool = True
    standing: Standing = Standing.OK
    """What the platform thinks of this terminal; anything but OK stops new receipts."""
    room_for_cases: bool = True
    identity_codes: bool = False
    """Whether anything is known of how a code looks that tells who somebody is."""

    def usable(self, device: DeviceClass) -> bool:
        """Whether a resident can be sent to `device` now."""
        status = self.devices.get(device)
        return status is not None and status.usable

    def can_identify(self, rung: Rung) -> bool:
        """Whether somebody can say here and now who they are, well enough for `rung`."""
        if rung is Rung.NONE or self.usable(DeviceClass.ID_CARD_READER):
            return True
        if self.usable(DeviceClass.SOCIAL_CARD_READER):
            return True
        return rung is Rung.CODE and self.takes_codes

    @property
    def takes_codes(self) -> bool:
        """Whether a live code can be read and asked about now."""
        seen = self.usable(DeviceClass.BARCODE_SCANNER) or self.usable(DeviceClass.CODE_CAMERA)
        return self.identity_codes and seen and self.line is LineState.ONLINE

    @property
    def on_battery(self) -> bool:
        """Whether the backup power says that the mains are gone; a terminal without one cannot know."""
        supply = self.devices.get(DeviceClass.POWER_SUPPLY)
        return supply is not None and supply.detail in (DeviceDetail.ON_BATTERY, DeviceDetail.BATTERY_LOW)

    @property
    def battery_low(self) -> bool:
        """Whether the terminal will be shut down in a moment."""
        supply = self.devices.get(DeviceClass.POWER_SUPPLY)
        return supply is not None and supply.detail is DeviceDetail.BATTERY_LOW


@dataclass(frozen=True, slots=True)
class Availability:
    """What to tell on the service's card."""

    obstacles: tuple[Obstacle, ...]

    @property
    def can_start(self) -> bool:
        """Whether the service can be finished, or at least received, now."""
        return not _BLOCKING & set(self.obstacles)


def availability(pack: Pack, situation: Situation) -> Availability:
    """Everything in the way of `pack` in this `situation`, the worst first."""
    found: list[Obstacle] = []
    if situation.on_battery:
        found.append(Obstacle.ON_BATTERY)
    records = pack.offline is OfflineAbility.RECEIVE
    if records and not situation.journal_ready:
        found.append(Obstacle.NO_JOURNAL)
    if records and situation.journal_ready and not situation.enrolled:
        found.append(Obstacle.NOT_ENROLLED)
    if records and situation.journal_ready and situation.standing is not Standing.OK:
        found.append(Obstacle.STOPPED)
    if records and situation.journal_ready and not situation.room_for_cases:
        found.append(Obstacle.NO_ROOM)
    if not situation.can_identify(pack.rung):
        found.append(Obstacle.NO_READER)
    if situation.line is not LineState.ONLINE:
        found.append(Obstacle.SENT_LATER if records else Obstacle.NO_LINE)
    if records and not situation.usable(DeviceClass.RECEIPT_PRINTER):
        found.append(Obstacle.NO_SLIP)
    return Availability(tuple(found))
