"""What the staff read: a badge's answer, and what the site keeper is to do."""

from __future__ import annotations

from kiosk.domain.badge import BadgeRefusal, Role
from kiosk.flow.keeper_report import Ago, KeeperTask
from kiosk.sentences.table import Table, Topic

_BADGE: Table = {
    BadgeRefusal.UNKNOWN: (
        "本机不认识这张工作证。请联系管理员登记",
        "This terminal does not know this badge. Ask for it to be enrolled",
    ),
    BadgeRefusal.NOT_A_BADGE: ("这不是工作证。请换一张", "This is not a staff badge. Please use another one"),
    BadgeRefusal.NO_ROLL: ("本机还没有登记过工作证", "No badge has been enrolled on this terminal yet"),
}

_ROLE: Table = {
    Role.ASSISTANT: ("帮办人员", "assistant"),
    Role.SITE_KEEPER: ("场地管理员", "site keeper"),
    Role.ENGINEER: ("维护工程师", "engineer"),
}

_KEEPER: Table = {
    KeeperTask.CALL_JOURNAL: (
        "本机存不了件，已停止服务。请打电话报修，已收的件还在",
        "The terminal cannot keep cases and is out of service. Call for repair; what was received is still there",
    ),
    KeeperTask.CALL_STOPPED: (
        "平台已让本机停止收件，要重新登记。请打电话",
        "The platform has stopped this terminal; it must be registered again. Please call",
    ),
    KeeperTask.ENROL: (
        "本机还没有登记。请打电话要登记码",
        "This terminal is not registered. Call for a registration code",
    ),
    KeeperTask.CALL_NO_ROOM: (
        "没送出的件快把硬盘占满了。请尽快恢复网络，或打电话",
        "What could not be sent nearly fills the disk. Restore the network, or call",
    ),
    KeeperTask.MAINS: (
        "停电了，正在用电池。请看看插头和电闸",
        "The mains are off and the battery is in use. Check plug and fuse",
    ),
    KeeperTask.LOAD_PAPER: ("请装纸", "Please load paper"),
    KeeperTask.MEND_PRINTER: ("请打开看一下", "Please open it and look"),
    KeeperTask.CALL_DEVICE: (
        "请看看电源和连线，还不行就打电话",
        "Check its power and cable; if that does not help, call",
    ),
    KeeperTask.LOG_IN_TO_NETWORK: (
        "网络要先登录，件送不出去。请让管网络的人登录一下",
        "The network asks for a log-in, so nothing is sent. Ask whoever runs the network",
    ),
    KeeperTask.CHECK_CABLE: (
        "网断了。请看看网线，件都存着，通了自动送",
        "The line is down. Check the cable; the cases are kept",
    ),
    KeeperTask.CALL_LINE: (
        "网通着，但连不上平台。件都存着，请打电话",
        "The network works, but not the way to the platform. The cases are kept. Please call",
    ),
    KeeperTask.CALL_PLATFORM: (
        "网是通的，件一天多没送出去。请打电话",
        "The line works, yet nothing was sent for over a day. Please call",
    ),
    KeeperTask.CALL_PARKED: (
        "有件平台没收，要人看。请打电话",
        "The platform did not take some cases; somebody must look. Please call",
    ),
    KeeperTask.LOAD_SOON: ("请准备好纸", "Please have paper ready"),
    KeeperTask.NOTHING: ("一切正常，不用做什么", "All is well. Nothing to do"),
}

_AGO: Table = {
    Ago.NOT_YET: ("开机后还没有", "not since the start"),
    Ago.JUST_NOW: ("刚刚", "just now"),
    Ago.MINUTES: ("{} 分钟前", "{} min ago"),
    Ago.HOURS: ("{} 小时前", "{} h ago"),
    Ago.DAYS: ("{} 天前", "{} days ago"),
}

STAFF: Topic = {
    BadgeRefusal: _BADGE,
    Role: _ROLE,
    KeeperTask: _KEEPER,
    Ago: _AGO,
}
