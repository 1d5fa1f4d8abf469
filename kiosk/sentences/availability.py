"""What cannot be begun now, and what is to be finished before the power ends."""

from __future__ import annotations

from kiosk.flow.availability import Obstacle
from kiosk.flow.power_notice import PowerNotice
from kiosk.sentences.table import Table, Topic

_OBSTACLE: Table = {
    Obstacle.NO_JOURNAL: (
        "现在收不了件。请找工作人员办理",
        "Cases cannot be taken now. Please ask the staff",
    ),
    Obstacle.NOT_ENROLLED: ("本机还没有登记，不能收件", "This terminal is not registered yet"),
    Obstacle.STOPPED: (
        "平台已让本机停止收件。请找工作人员，或换一台机器",
        "The platform has stopped this terminal. Ask the staff or use another terminal",
    ),
    Obstacle.NO_ROOM: (
        "本机快存满了，暂时不收新的件。请找工作人员，或换一台机器",
        "This terminal is almost full and takes nothing new. Ask the staff or use another terminal",
    ),
    Obstacle.ON_BATTERY: (
        "停电了，新的事要等来电再办。已经提交的不受影响",
        "The power is out; nothing new can be begun. Come back when it is on; what was submitted is safe",
    ),
    Obstacle.NO_READER: (
        "读卡器用不了。请找工作人员，或换一台机器",
        "The card reader is not working. Ask the staff or use another terminal",
    ),
    Obstacle.NO_LINE: (
        "线路断了，这件事现在办不了。请过一会儿再来",
        "The line is down; this cannot be done now. Please come back later",
    ),
    Obstacle.SENT_LATER: (
        "线路断了，也能收件，通了就自动送出",
        "The line is down. We take your case and send it later",
    ),
    Obstacle.NO_SLIP: (
        "打印机用不了，收件号会显示在屏幕上",
        "No printer now; the number will be on the screen",
    ),
}

_POWER: Table = {
    PowerNotice.NOTHING_BEGUN: (
        "电池快用完了，本机就要关机。请来电后再办",
        "The battery is almost empty. Please come back when the power is on",
    ),
    PowerNotice.FINISH_NOW: (
        "电池快用完了，请尽快办完。没提交的不会保存",
        "The battery is almost empty. Please finish now; what is not submitted is not kept",
    ),
    PowerNotice.RECORDED: (
        "电池快用完了，本机就要关机。您的事已收下",
        "The battery is almost empty; going off soon. Your case is safe",
    ),
}

AVAILABILITY: Topic = {
    Obstacle: _OBSTACLE,
    PowerNotice: _POWER,
}
