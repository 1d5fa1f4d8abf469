"""The lights at the front follow the page: what `kiosk.flow.guidance` wants lit is told to the board, change by change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from kiosk.domain.device_status import DeviceClass
from kiosk.flow.availability import Situation
from kiosk.flow.guidance import lights
from kiosk.ports import FlashRate, LightPosition

if TYPE_CHECKING:
    from ui.navigator import Navigator


class GuideLights(QObject):
    """Remembers what the board was told. A board that went away, or another session, knows nothing of it."""

    def __init__(self, navigator: Navigator) -> None:
        super().__init__(navigator)
        self._navigator = navigator
        self._session = ""
        self._told: dict[LightPosition, FlashRate] = {}
        navigator.viewChanged.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        devices, session = self._navigator.errands.devices, self._navigator.session.id
        status = devices.statuses.get(DeviceClass.IO_BOARD)
        if status is None or not status.usable:
            self._told = {}
            return
        wanted = self._wanted()
        if session != self._session:
            # The first light of a session puts out every one of the session before it.
            if self._told and not wanted:
                devices.stop_lights()
            self._session, self._told = session, {}
        for position in self._told.keys() - wanted.keys():
            devices.set_light(session, position, FlashRate.OFF)
        for position, rate in wanted.items():
            if self._told.get(position) is not rate:
                devices.set_light(session, position, rate)
        self._told = wanted

    def _wanted(self) -> dict[LightPosition, FlashRate]:
        """What the page wants; a page that lies over it asks for no hand, but paper still waits to be taken."""
        errands, session = self._navigator.errands, self._navigator.session
        # Not `errands.situation()`: that asks the journal too, and this is called for every touch.
        situation = Situation(
            devices=errands.devices.statuses,
            line=errands.line.state,
            identity_codes=bool(errands.codes.identity),
        )
        wanted = lights(session.stage, session.view, situation)
        if not self._navigator.lies_over:
            return wanted
        stays = (LightPosition.STATUS, LightPosition.RECEIPT_PRINTER)
        return {position: rate for position, rate in wanted.items() if position in stays}
