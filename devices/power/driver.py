"""Asks `upsd` how the supply is. Whoever shuts the machine down is NUT's own `upsmon`; here is only looked."""

from __future__ import annotations

from dataclasses import replace

from devices.power.protocol import (
    AnswerReader,
    Nonsense,
    NutError,
    Refusal,
    Variables,
    is_off,
    question,
    reading_of,
)
from devices.transport.byte_port import BytePort, PortLost
from devices.transport.port_status import lost_status
from kiosk.clock import Clock, SystemClock
from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceCapabilities, DeviceDetail, DeviceState, DeviceStatus
from kiosk.ports import PowerReading, PowerSource, PowerSupply

ANSWER_S = 0.8
NO_BATTERY_LASTS_S = 4 * 3600.0
"""A terminal that still runs so long after its mains went has mains, whatever the supply no longer tells."""
_ON_BATTERY = frozenset({PowerSource.BATTERY, PowerSource.BATTERY_LOW})
_DETAILS = {
    PowerSource.BATTERY: DeviceDetail.ON_BATTERY,
    PowerSource.BATTERY_LOW: DeviceDetail.BATTERY_LOW,
}


class NutSupply(PowerSupply):
    """A supply behind `upsd`. Silence while on battery counts as a battery that is low, over reopening too."""

    def __init__(self, port: BytePort, name: str, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._port = port
        self._name = name
        self._source = PowerSource.UNKNOWN
        self._mains_seen_at = self._clock.monotonic()
        self._values: dict[str, str] = {}
        self._events: list[DeviceEvent] = []

    def open(self) -> DeviceStatus:
        """See `DevicePort`."""
        try:
            self._port.open()
        except PortLost as lost:
            self._note(PowerSource.UNKNOWN)
            return self._with_source(lost_status(lost.fault))
        return self.status()

    def close(self) -> None:
        """See `DevicePort`."""
        self._port.close()

    def status(self) -> DeviceStatus:
        """See `DevicePort`."""
        _, status = self._ask()
        if status.state is not DeviceState.ONLINE:
            self._port.close()
        return status

    def capabilities(self) -> DeviceCapabilities:
        """See `DevicePort`."""
        tell = self._values.get
        model = " ".join(filter(None, (tell("ups.mfr", ""), tell("ups.model", ""))))
        return DeviceCapabilities(
            model=model, serial_number=tell("ups.serial", ""), firmware=tell("ups.firmware", "")
        )

    def events(self) -> list[DeviceEvent]:
        """See `DevicePort`."""
        happened, self._events = self._events, []
        return happened

    def read(self) -> PowerReading:
        """See `PowerSupply`."""
        reading, _ = self._ask()
        return reading

    # -- asking ----------------------------------------------------------------------------------------

    def _ask(self) -> tuple[PowerReading, DeviceStatus]:
        try:
            answer = self._exchange()
        except PortLost as lost:
            return self._silent(lost_status(lost.fault))
        except Nonsense:
            # What is left of it in the line would spoil the next answer too.
            self._port.close()
            return self._silent(DeviceStatus(state=DeviceState.OFFLINE, detail=DeviceDetail.WRONG_DEVICE))
        if isinstance(answer, Variables):
            return self._told(answer.values)
        if answer is None:
            self._port.close()
        unknown = answer is not None and answer.error in (NutError.UNKNOWN_UPS, NutError.OTHER)
        detail = DeviceDetail.WRONG_DEVICE if unknown else DeviceDetail.NONE
        return self._silent(DeviceStatus(state=DeviceState.OFFLINE, detail=detail))

    def _exchange(self) -> Variables | Refusal | None:
        """One question and its answer; None when it did not come in time. Raises `PortLost` or `Nonsense`."""
        deadline = self._clock.monotonic() + ANSWER_S
        reader = AnswerReader(self._name)
        self._port.drop_input()
        asked = question(self._name)
        if self._port.write_some(asked, deadline) < len(asked):
            return None
        while self._clock.monotonic() < deadline and (data := self._port.read_some(deadline)):
            answer = reader.feed(data)
            if answer is not None:
                return answer
        return None

    def _told(self, values: dict[str, str]) -> tuple[PowerReading, DeviceStatus]:
        self._values = values
        reading = reading_of(values)
        self._note(reading.source)
        reading = replace(reading, source=self._source)
        state = DeviceState.ONLINE
        if is_off(values.get("ups.status", "")):
            state = DeviceState.POWER_OFF
        elif reading.source is PowerSource.UNKNOWN:
            state = DeviceState.OFFLINE  # `upsd` itself still waits for the supply
        status = DeviceStatus(state=state)
        if reading.source is PowerSource.MAINS and reading.replace_battery:
            status = replace(status, detail=DeviceDetail.REPLACE_BATTERY)
        return reading, self._with_source(status)

    def _silent(self, status: DeviceStatus) -> tuple[PowerReading, DeviceStatus]:
        self._note(PowerSource.UNKNOWN)
        return PowerReading(source=self._source), self._with_source(status)

    def _with_source(self, status: DeviceStatus) -> DeviceStatus:
        """What the terminal runs on outweighs what is wrong with the supply's line."""
        detail = _DETAILS.get(self._source)
        return status if detail is None else replace(status, detail=detail)

    # -- what it means ---------------------------------------------------------------------------------

    def _note(self, told: PowerSource) -> None:
        now = self._clock.monotonic()
        before, source = self._source, told
        if told is PowerSource.UNKNOWN and before in _ON_BATTERY:
            lasted = now - self._mains_seen_at < NO_BATTERY_LASTS_S
            source = PowerSource.BATTERY_LOW if lasted else PowerSource.UNKNOWN
        if source not in _ON_BATTERY:
            self._mains_seen_at = now
        self._source = source
        if source is before:
            return
        if source in _ON_BATTERY and before not in _ON_BATTERY:
            self._events.append(DeviceEvent.POWER_LOST)
        if source is PowerSource.BATTERY_LOW:
            self._events.append(DeviceEvent.BATTERY_LOW)
        if before in _ON_BATTERY and source is PowerSource.MAINS:
            self._events.append(DeviceEvent.POWER_BACK)
