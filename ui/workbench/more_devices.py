"""The second page of the workbench: every other device, each with what a hand can do to it.

They are alike, so they are data: a line here is a button there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.domain.device_status import DeviceClass
from ui.workbench.device import SimulatedDevice

QML_IMPORT_NAME = "KioskWorkbench"
QML_IMPORT_MAJOR_VERSION = 1

State = dict[str, Any]


@dataclass(frozen=True)
class Hand:
    """One thing that can be done: the words on its button, and what the simulator is asked."""

    words: str
    method: str
    details: dict[str, Any] = field(default_factory=dict)


@QmlElement
class OtherDevice(QObject):
    """One simulated device as a title, a sentence about its state, and buttons."""

    changed = Signal()

    def __init__(
        self,
        title: str = "",
        socket: Path | None = None,
        hands: tuple[Hand, ...] = (),
        tell: Callable[[State], str] = lambda _state: "",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._hands, self._tell = title, hands, tell
        self.player = SimulatedDevice(socket, self)
        self.player.changed.connect(self.changed)

    @Property(SimulatedDevice, constant=True)
    def device(self) -> SimulatedDevice:
        """Its simulator."""
        return self.player

    @Property(str, constant=True)
    def title(self) -> str:
        """What it is."""
        return self._title

    @Property("QStringList", constant=True)  # type: ignore[arg-type]  # the stubs leave out names
    def hands(self) -> list[str]:
        """The words on its buttons."""
        return [hand.words for hand in self._hands]

    @Property(str, notify=changed)
    def telling(self) -> str:
        """How it is now, in words."""
        return self._tell(self.player.state) if self.player.link.is_open else ""

    @Slot(int)
    def act(self, index: int) -> None:
        """Press a button."""
        hand = self._hands[index]
        self.player.ask(hand.method, **hand.details)

    def close(self) -> None:
        """Hang up."""
        self.player.link.close()


@QmlElement
class MoreDevices(QObject):
    """All of them."""

    def __init__(self, run_dir: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run_dir = run_dir or Path()
        self.others: list[OtherDevice] = [
            self._cards(DeviceClass.SOCIAL_CARD_READER, self.tr("社保卡读卡器"), "测试甲"),
            self._cards(DeviceClass.BADGE_READER, self.tr("工作证读卡器"), "badge"),
            self._sheet_printer(),
            self._code_camera(),
            self._document_camera(),
            self._board(),
            self._power(),
            self._fingerprint(),
        ]

    @Property("QVariantList", constant=True)  # type: ignore[arg-type]  # the stubs leave out names
    def devices(self) -> list[OtherDevice]:
        """In the order in which they are shown."""
        return self.others

    def close(self) -> None:
        """Hang up everywhere."""
        for device in self.others:
            device.close()

    def _device(
        self, device: DeviceClass, title: str, tell: Callable[[State], str], *hands: Hand
    ) -> OtherDevice:
        return OtherDevice(title, self._run_dir / f"sim-{device}.sock", hands, tell, self)

    def _cards(self, device: DeviceClass, title: str, card: str) -> OtherDevice:
        nothing, lies = self.tr("没有卡"), self.tr("卡在上面")
        return self._device(
            device,
            title,
            lambda state: lies if state.get("card") else nothing,
            Hand(self.tr("放上卡"), "place_card", {"card": card}),
            Hand(self.tr("拿走"), "lift_card"),
            Hand(self.tr("读到一半拿走"), "fault", {"do": "lift", "at": "command 5"}),
            Hand(self.tr("不出声 3 秒"), "fault", {"do": "silence", "for_s": 3}),
        )

    def _sheet_printer(self) -> OtherDevice:
        came_out, no_paper = self.tr("出来 {n} 张"), self.tr("没纸")
        return self._device(
            DeviceClass.SHEET_PRINTER,
            self.tr("A4 打印机"),
            lambda state: " · ".join(
                [came_out.format(n=state.get("sheets", 0))]
                + ([no_paper] if state.get("paper") == "out" else [])
            ),
            Hand(self.tr("取出纸"), "set", {"paper": "out"}),
            Hand(self.tr("装好纸"), "set", {"paper": "full"}),
            Hand(self.tr("开盖"), "set", {"cover": "open"}),
            Hand(self.tr("合盖"), "set", {"cover": "closed"}),
        )

    def _code_camera(self) -> OtherDevice:
        frames, covered = self.tr("已拍 {n} 帧"), self.tr("镜头挡住了")
        code = {"text": "https://example.invalid/测试甲"}
        return self._device(
            DeviceClass.CODE_CAMERA,
            self.tr("扫码摄像头"),
            lambda state: covered if state.get("covered") else frames.format(n=state.get("frames", 0)),
            Hand(self.tr("举一下码"), "scan", code),
            Hand(self.tr("歪着举"), "scan", code | {"turn_deg": 25}),
            Hand(self.tr("挡住镜头"), "cover"),
            Hand(self.tr("让开"), "uncover"),
            Hand(self.tr("画面卡住"), "freeze", {"for_s": 8}),
        )

    def _document_camera(self) -> OtherDevice:
        lies, empty = self.tr("台面上有纸"), self.tr("台面是空的")
        return self._device(
            DeviceClass.DOCUMENT_CAMERA,
            self.tr("高拍仪"),
            lambda state: lies if state.get("sheets") else empty,
            Hand(self.tr("放一张表"), "place", {"kind": "form"}),
            Hand(self.tr("拿走"), "take_away"),
            Hand(self.tr("反光"), "glare"),
            Hand(self.tr("不反光"), "glare", {"on": False}),
            Hand(self.tr("画面卡住"), "freeze", {"for_s": 8}),
        )

    def _board(self) -> OtherDevice:
        dark, lit = self.tr("灯都灭着"), self.tr("亮着 {n} 盏灯")

        def tell(state: State) -> str:
            count = sum(1 for on in state.get("lights", {}).values() if on)
            return lit.format(n=count) if count else dark

        return self._device(
            DeviceClass.IO_BOARD,
            self.tr("灯和按钮"),
            tell,
            Hand(self.tr("按求助"), "press_help"),
            Hand(self.tr("松开"), "release_help"),
            Hand(self.tr("来人"), "come"),
            Hand(self.tr("走人"), "leave"),
            Hand(self.tr("开门"), "open_door"),
            Hand(self.tr("关门"), "close_door"),
        )

    def _power(self) -> OtherDevice:
        charge = self.tr("{status} · 电量 {n}%")
        return self._device(
            DeviceClass.POWER_SUPPLY,
            self.tr("备用电源"),
            lambda state: charge.format(status=state.get("status", ""), n=state.get("charge_percent", "?")),
            Hand(self.tr("停电"), "cut_mains"),
            Hand(self.tr("电快用完"), "battery_low"),
            Hand(self.tr("来电"), "mains_back"),
        )

    def _fingerprint(self) -> OtherDevice:
        lies, empty = self.tr("手指按着"), self.tr("没有手指")
        return self._device(
            DeviceClass.FINGERPRINT_READER,
            self.tr("指纹仪"),
            lambda state: lies if state.get("finger") else empty,
            Hand(self.tr("按手指"), "place_finger"),
            Hand(self.tr("拿开"), "lift_finger"),
            Hand(self.tr("没按清楚"), "place_finger", {"clear": False}),
        )
