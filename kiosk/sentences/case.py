"""What became of a case: whether it was taken, whether it was sent, how far the platform has got."""

from __future__ import annotations

from kiosk.domain.case import PlatformState
from kiosk.errors import JournalFault
from kiosk.flow.journey import Delivery
from kiosk.sentences.table import Table, Topic

_NOT_TAKEN = (
    "现在收不了件，您的事还没有提交。请找工作人员",
    "We cannot take your case now; nothing was sent. Please ask the staff",
)
_JOURNAL: Table = {
    **dict.fromkeys(JournalFault, _NOT_TAKEN),
    JournalFault.DISK_FULL: (
        "本机存满了，您的事还没有提交。请找工作人员",
        "This terminal is full; nothing was sent. Please ask the staff",
    ),
    JournalFault.BUSY: (
        "还没有收下。请再按一次“确认提交”",
        "Not taken yet. Please press the button once more",
    ),
    JournalFault.NOT_ENROLLED: (
        "本机还没有登记，不能收件。请找工作人员",
        "This terminal is not registered yet and cannot take cases. Please ask the staff",
    ),
    JournalFault.STOPPED: (
        "平台刚让本机停止收件，您的事还没有提交。请找工作人员，或换一台机器",
        "The platform has just stopped this terminal; nothing was sent. Ask the staff or use another one",
    ),
    JournalFault.NO_ROOM: (
        "本机快存满了，您的事还没有提交。请找工作人员",
        "This terminal is almost full; nothing was sent. Please ask the staff",
    ),
    JournalFault.MISSING_ATTACHMENT: (
        "拍的材料没有存好，您的事还没有提交。请重拍一次",
        "A picture was not kept; nothing was sent. Please take it again",
    ),
}

_DELIVERY: Table = {
    Delivery.SENDING: ("正在送往平台", "On its way to the platform"),
    Delivery.WAITING_FOR_LINE: (
        "线路恢复后自动送出，不用您再来",
        "It is sent when the line is back; you need not return",
    ),
    Delivery.DELIVERED: ("平台已收到", "The platform has it"),
}

_STATE: Table = {
    PlatformState.UNKNOWN: (
        "核实中：平台还没有这一件，可能还在路上",
        "Being checked: the platform does not have it yet; it may be on its way",
    ),
    PlatformState.RECEIVED: ("已收件：材料已收下，还没有开始审批", "Received: nobody has examined it yet"),
    PlatformState.ACCEPTED: ("已受理：正在审批", "Accepted: it is being examined"),
    PlatformState.RETURNED: (
        "已退回：有地方要补正，请联系工作人员",
        "Returned: something must be mended; please ask the staff",
    ),
    PlatformState.REJECTED: (
        "不予办理：请联系工作人员了解原因",
        "Refused: please ask the staff for the reason",
    ),
    PlatformState.CONCLUDED: ("已办结", "Concluded"),
}

CASE: Topic = {
    JournalFault: _JOURNAL,
    Delivery: _DELIVERY,
    PlatformState: _STATE,
}
