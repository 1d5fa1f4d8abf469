"""The line to the platform: how it is, and why a question got no answer."""

from __future__ import annotations

from kiosk.errors import LineFault
from kiosk.flow.availability import LineState
from kiosk.sentences.table import Table, Topic

_LINE: Table = {
    LineFault.NOT_CONFIGURED: (
        "本机还没有连接平台。请找工作人员",
        "This terminal is not connected yet. Please ask the staff",
    ),
    LineFault.NO_LINE: ("现在线路断了，查不了。请过一会儿再来", "The line is down. Please try again later"),
    LineFault.TIMED_OUT: (
        "平台没有及时回答。请过一会儿再查",
        "The platform did not answer in time. Please try again later",
    ),
    LineFault.TLS: (
        "连到的不是政务平台，已断开。请找工作人员",
        "That was not the government's platform. Please ask the staff",
    ),
    LineFault.CLOCK: (
        "本机的时间不对，连不上平台。请找工作人员校准时间",
        "The clock of this terminal is wrong, so it cannot connect. Please ask the staff to set it",
    ),
    LineFault.PORTAL: (
        "这里的网络要先登录才能用。请找工作人员",
        "The network here asks for a sign-in first. Please ask the staff",
    ),
    LineFault.SERVER_TROUBLE: (
        "平台正在维修。请过一会儿再查",
        "The platform is being repaired. Please try again later",
    ),
    LineFault.TOO_MANY: (
        "现在查的人太多。请过一会儿再查",
        "Too many people are asking. Please try again later",
    ),
    LineFault.NOT_THE_PLATFORM: (
        "连到的不是政务平台。请找工作人员",
        "What answered is not the government's platform. Please ask the staff",
    ),
    LineFault.NOT_AUTHORISED: (
        "本机暂停联网办理。请找工作人员",
        "This terminal may not connect now. Please ask the staff",
    ),
    LineFault.REFUSED: (
        "没有查到这个收件号。请对着凭条再看一遍",
        "No case has this number. Please compare it with the slip",
    ),
    LineFault.TOO_LARGE: (
        "平台的回答读不了。请找工作人员",
        "The answer could not be read. Please ask the staff",
    ),
}

_LINE_STATE: Table = {
    LineState.ONLINE: ("线路正常", "Online"),
    LineState.OFFLINE: ("线路断开", "Offline"),
    LineState.UNKNOWN: ("正在连线", "Connecting"),
    LineState.NOT_ENROLLED: ("未登记", "Not registered"),
}

LINE: Topic = {
    LineFault: _LINE,
    LineState: _LINE_STATE,
}
