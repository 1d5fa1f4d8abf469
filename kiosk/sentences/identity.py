"""Who somebody is: their card, their finger, the code on their phone, and what each paper is called."""

from __future__ import annotations

from kiosk.domain.presented_code import CodeRefusal
from kiosk.domain.resident import DocumentKind
from kiosk.ports import CardFault, FingerprintFault, ScanFault
from kiosk.sentences.table import Table, Topic

_CARD: Table = {
    CardFault.MOVED: (
        "卡动了，没读完。请再放一次，放平别动",
        "The card moved. Lay it down again and let it lie",
    ),
    CardFault.NOT_AN_ID_CARD: (
        "这张不是身份证。请换身份证再放",
        "This is not an ID card. Please lay down an ID card",
    ),
    CardFault.UNSUPPORTED_DOCUMENT: (
        "这种证件本机还读不了。请找工作人员办理",
        "This terminal cannot read this kind of document yet. Please ask the staff",
    ),
    CardFault.NOT_VERIFIED: (
        "这张卡没能通过读取。请再放一次，还不行请找工作人员",
        "The card could not be checked. Try once more, or ask the staff",
    ),
    CardFault.UNREADABLE: (
        "没读清楚。请拿起来，再放一次",
        "It did not read clearly. Lift the card and lay it down again",
    ),
    CardFault.NO_ANSWER: (
        "读卡器正在恢复。请稍等，卡可以先拿着",
        "The reader is recovering. One moment, please; you may hold your card",
    ),
    CardFault.READER_FAULT: (
        "读卡器坏了。请找工作人员，您还没有提交",
        "The reader is broken. Please ask the staff; nothing was sent",
    ),
}

_FINGERPRINT: Table = {
    FingerprintFault.NO_FINGER: (
        "没有按上。请把手指按在窗口上",
        "No finger was felt. Press it on the window",
    ),
    FingerprintFault.BAD_IMAGE: (
        "没按清楚。请擦一下手指再按",
        "It was not clear. Wipe the finger and press again",
    ),
    FingerprintFault.NO_ANSWER: (
        "指纹仪正在恢复。请稍等",
        "The fingerprint reader is recovering. One moment",
    ),
    FingerprintFault.CANCELED: (
        "没有取指纹。可以换别的办法",
        "No fingerprint was taken. There are other ways",
    ),
}

_CODE: Table = {
    CodeRefusal.PAYMENT: (
        "这是付款码，这里不收钱。请把它收好",
        "This is a payment code. Nothing is paid here; please put it away",
    ),
    CodeRefusal.FOREIGN: (
        "这个码不是凭条上的。请扫凭条上的码",
        "This is not a slip's code. Please scan the code on your slip",
    ),
    CodeRefusal.NOT_HERE: (
        "现在不用出示这个码。要办事请先选服务",
        "This code is not needed here. Please choose a service first",
    ),
    CodeRefusal.NOT_IDENTITY: (
        "这个码认不出是谁。请放身份证，或换政务服务码",
        "This code does not tell who you are. Lay down your ID card, or show your service code",
    ),
    CodeRefusal.UNREADABLE: (
        "这个码没读清楚。请调亮屏幕再出示，或放身份证",
        "This code could not be read. Brighten your screen and show it again, or lay down your ID card",
    ),
    CodeRefusal.USED: (
        "这个码用过了。请在手机上刷新，再出示",
        "This code has been used. Refresh it on your phone and show it again",
    ),
    CodeRefusal.EXPIRED: (
        "这个码过时了。请在手机上刷新，再出示",
        "This code has expired. Refresh it on your phone and show it again",
    ),
    CodeRefusal.UNKNOWN: (
        "平台不认得这个码。请放身份证，或请找工作人员",
        "The platform does not know this code. Lay down your ID card, or ask the staff",
    ),
    CodeRefusal.NO_LINE: (
        "线路断了，码现在用不了。请放身份证",
        "The line is down, so codes cannot be used now. Please lay down your ID card",
    ),
    CodeRefusal.NO_ANSWER: (
        "平台没有及时回答。请刷新再出示，或放身份证",
        "The platform did not answer in time. Refresh your code and show it again, or lay down your ID card",
    ),
}

_SCAN: Table = {
    ScanFault.UNDECODABLE: (
        "这个码读不了。请换一个，或输入收件号",
        "This code cannot be read. Try another, or type the number",
    ),
    ScanFault.TOO_LONG: (
        "这个码不是凭条上的。请扫凭条上的码",
        "This is not a slip's code. Please scan the code on your slip",
    ),
    ScanFault.TOO_FAST: ("扫得太快了。请一次扫一个", "Too fast. One code at a time, please"),
}

_DOCUMENT: Table = {
    DocumentKind.RESIDENT_ID_CARD: ("居民身份证", "Resident ID card"),
    DocumentKind.HMT_RESIDENCE_PERMIT: (
        "港澳台居民居住证",
        "Residence permit (Hong Kong, Macao, Taiwan)",
    ),
    DocumentKind.FOREIGN_PERMANENT_2017: ("外国人永久居留身份证", "Foreign permanent resident ID card"),
    DocumentKind.FOREIGN_PERMANENT_2023: ("外国人永久居留身份证", "Foreign permanent resident ID card"),
    DocumentKind.SOCIAL_SECURITY_CARD: ("社会保障卡", "Social-security card"),
    DocumentKind.IDENTITY_CODE: ("政务服务码", "Service code"),
}

IDENTITY: Topic = {
    CardFault: _CARD,
    FingerprintFault: _FINGERPRINT,
    CodeRefusal: _CODE,
    ScanFault: _SCAN,
    DocumentKind: _DOCUMENT,
}
