"""The self-test on paper, for whoever opens the terminal in the morning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum

from kiosk.documents.page import Align, Block, Gap, Page, Row, Rule, Size, Text
from kiosk.domain.device_status import DeviceDetail, DeviceState, SupplyState
from kiosk.domain.readiness import DeviceReadiness, ReadinessReport

_WORDS = {
    "zh_CN": {
        "title": "开机自检",
        "time": "时间",
        "site": "地点",
        "ready": "全部正常，可以开门",
        "not_ready": "有 {n} 样要处理",
        "nothing": "没有接任何设备",
        "silent": "没有及时回答",
        "and": "，",
        "checked": "检查人签字：",
    },
    "en": {
        "title": "Self-test",
        "time": "Time",
        "site": "Place",
        "ready": "Everything works: ready to open",
        "not_ready": "{n} to see to",
        "nothing": "No device is attached",
        "silent": "did not answer in time",
        "and": ", ",
        "checked": "Checked by:",
    },
}

Say = Callable[[Enum], str]
"""A device class, state, detail or supply in the language of the slip."""


def compose_readiness(
    report: ReadinessReport, *, local_time: datetime, site_name: str, language: str, say: Say
) -> Page:
    """The page: the verdict first, then every device, those to see to marked."""
    words = _WORDS.get(language, _WORDS["zh_CN"])
    bad = [device for device in report.devices if not device.ready]
    verdict = (
        words["nothing"]
        if not report.devices
        else words["not_ready"].format(n=len(bad))
        if bad
        else words["ready"]
    )
    blocks: list[Block] = [
        Text(text=words["title"], size=Size.LARGE, align=Align.CENTRE, bold=True),
        Gap(height_mm=2.0),
        Text(text=verdict, align=Align.CENTRE, bold=True),
        Gap(height_mm=2.0),
        Row(label=words["time"], value=local_time.strftime("%Y-%m-%d %H:%M")),
        Row(label=words["site"], value=site_name),
        Rule(),
    ]
    for device in sorted(report.devices, key=lambda each: each.ready):
        blocks.append(
            Row(
                label=("√ " if device.ready else "× ") + say(device.device),
                value=_condition(device, words, say),
            )
        )
        if name := " ".join(
            part for part in (device.capabilities.model, device.capabilities.firmware) if part
        ):
            blocks.append(Text(text=name, align=Align.RIGHT))
    blocks += [Rule(), Gap(height_mm=3.0), Text(text=words["checked"]), Gap(height_mm=9.0), Rule()]
    return Page(blocks=tuple(blocks))


def _condition(device: DeviceReadiness, words: dict[str, str], say: Say) -> str:
    if not device.answered:
        return words["silent"]
    status = device.status
    if status.state not in (DeviceState.ONLINE, DeviceState.BUSY) and status.detail is not DeviceDetail.NONE:
        return say(status.detail)  # what is to be done about it says more than that something is
    parts = [say(status.state)]
    if status.state in (DeviceState.ONLINE, DeviceState.BUSY) and status.paper in (
        SupplyState.LOW,
        SupplyState.OUT,
    ):
        parts = [say(status.paper)]
    if status.detail is not DeviceDetail.NONE:
        parts.append(say(status.detail))
    return words["and"].join(part for part in parts if part)
