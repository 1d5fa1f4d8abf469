"""The one place where a reason becomes words for a resident, in every language of the face.

Three things stand in each sentence about trouble: what happened, what to do now, and, where something
of theirs is at stake, what became of it.  Nobody is blamed.  A test fails when a reason has no sentence.
"""

from __future__ import annotations

from enum import Enum

from kiosk.catalogue.rules import AnswerFault
from kiosk.domain.badge import BadgeRefusal, Role
from kiosk.domain.case import PlatformState
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, SupplyState
from kiosk.domain.presented_code import CodeRefusal
from kiosk.domain.printing import PrintFault, PrintWait
from kiosk.domain.resident import DocumentKind
from kiosk.errors import JournalFault, LineFault
from kiosk.flow.availability import LineState, Obstacle
from kiosk.flow.journey import Delivery, ReviewRemark
from kiosk.flow.keeper_report import Ago, KeeperTask
from kiosk.flow.power_notice import PowerNotice
from kiosk.ports import CaptureRemark, CardFault, FingerprintFault, ScanFault

_Sentences = dict[Enum, tuple[str, str]]

_CARD: _Sentences = {
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

_CAPTURE: _Sentences = {
    CaptureRemark.NO_PAGE: ("没有看到纸。请把材料平放在台面上", "No paper is seen. Lay it flat on the plate"),
    CaptureRemark.CUT_OFF: ("材料没有放全。请往中间移一点", "The paper is cut off. Move it to the middle"),
    CaptureRemark.GLARE: ("有反光，请移动一下", "There is glare. Please move it a little"),
    CaptureRemark.BLURRED: ("没拍清楚。请放平，别动", "The picture is blurred. Lay it flat and let it lie"),
    CaptureRemark.TOO_DARK: ("太暗了。请让开一点光", "Too dark. Please let more light in"),
    CaptureRemark.MOVING: ("纸在动。放好后请松手", "The paper is moving. Lay it down and let go"),
    CaptureRemark.NO_CAMERA: (
        "摄像头断开了，正在恢复。请稍等",
        "The camera is disconnected and recovering. One moment",
    ),
    CaptureRemark.CANCELED: ("没有拍。可以再来一次", "No picture was taken. You can try again"),
}

_FINGERPRINT: _Sentences = {
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

_PRINT: _Sentences = {
    PrintFault.NONE: ("凭条打好了", "The slip is printed"),
    PrintFault.PAPER_OUT: (
        "打印机没纸了。您的事已收下，请记下收件号",
        "The printer is out of paper. Your case is safe; please write down the number",
    ),
    PrintFault.PAPER_JAMMED: (
        "打印机卡纸了。您的事已收下，请记下收件号",
        "The paper is jammed. Your case is safe; please write down the number",
    ),
    PrintFault.COVER_OPEN: (
        "打印机的盖子开着。您的事已收下，请记下收件号",
        "The printer's cover is open. Your case is safe; please write down the number",
    ),
    PrintFault.CUTTER_ERROR: (
        "切纸刀卡住了。您的事已收下，请记下收件号",
        "The paper cutter is stuck. Your case is safe; please write down the number",
    ),
    PrintFault.HEAD_TOO_HOT: (
        "打印机太热，歇一会儿再打。您的事已收下",
        "The printer is too hot. Wait a moment; your case is safe",
    ),
    PrintFault.OFFLINE: (
        "打印机没有准备好。您的事已收下，请记下收件号",
        "The printer is not ready. Your case is safe; please write down the number",
    ),
    PrintFault.NO_PRINTER: (
        "打印机断开了。您的事已收下，请记下收件号",
        "The printer is disconnected. Your case is safe; please write down the number",
    ),
    PrintFault.NO_ANSWER: (
        "不知道凭条打出来没有。请看一下出纸口",
        "We cannot tell whether the slip was printed. Please look at the paper slot",
    ),
    PrintFault.CANCELED: (
        "没有打印。您的事已收下，请记下收件号",
        "Nothing was printed. Your case is safe; write down the number",
    ),
    PrintFault.UNPRINTABLE: (
        "这张凭条打不出来。您的事已收下，请记下收件号",
        "This slip cannot be printed. Your case is safe; please write down the number",
    ),
    PrintFault.HARDWARE_ERROR: (
        "打印机坏了。您的事已收下，请记下收件号",
        "The printer is broken. Your case is safe; please write down the number",
    ),
    PrintFault.TONER_EMPTY: (
        "打印机没有墨粉了。请找工作人员",
        "The printer is out of toner. Please ask the staff",
    ),
    PrintFault.OUTPUT_FULL: (
        "出纸口满了。请把纸取走，再打一次",
        "The output tray is full. Take the sheets away and print again",
    ),
}

_PRINT_WAIT: _Sentences = {
    PrintWait.NOTHING: ("正在打印，请稍等", "Printing, one moment please"),
    PrintWait.PAPER: (
        "打印机没纸了，正在等纸。请工作人员加纸，加好会接着打",
        "The printer waits for paper. When the staff load some, it goes on",
    ),
    PrintWait.CLEARING: (
        "打印机卡纸了。请工作人员来取出，取好会接着打",
        "The paper is jammed. When the staff clear it, it goes on",
    ),
    PrintWait.CLOSING: (
        "打印机的盖子开着。盖好会接着打",
        "The printer's cover is open. When it is closed, it goes on",
    ),
    PrintWait.TONER: (
        "打印机没有墨粉了。请工作人员来换，换好会接着打",
        "The printer is out of toner. When the staff change it, it goes on",
    ),
    PrintWait.EMPTYING: (
        "出纸口满了。请把纸取走，会接着打",
        "The output tray is full. Take the sheets away and it goes on",
    ),
    PrintWait.HAND: (
        "打印机停了，要人看一下。请找工作人员",
        "The printer has stopped and needs a hand. Please ask the staff",
    ),
    PrintWait.TURN: (
        "打印机正在打别的。请稍等，轮到了就打",
        "The printer is busy with something else. Yours comes next",
    ),
    PrintWait.ANSWER: (
        "打印机没有回应，正在等它。请稍等",
        "The printer does not answer at the moment. One moment, please",
    ),
}

_ANSWER: _Sentences = {
    AnswerFault.EMPTY: ("这里还没有填。请填一下", "This is still empty. Please fill it in"),
    AnswerFault.NOT_A_PHONE: (
        "电话号码不对。手机号是 11 位，请再看一遍",
        "This is not a phone number. A mobile number has 11 digits; please check",
    ),
    AnswerFault.NOT_DIGITS: ("这里只能填数字", "Only digits, please"),
    AnswerFault.TOO_SHORT: ("太短了，还没填完", "Too short; something is missing"),
    AnswerFault.TOO_LONG: ("太长了，请写短一点", "Too long; please shorten it"),
    AnswerFault.NOT_A_CHOICE: ("请从下面选一个", "Please choose one of these"),
    AnswerFault.NOT_SIGNED: (
        "还没有签名。请用手指在框里写名字",
        "Not signed yet. Please write your name in the box with a finger",
    ),
    AnswerFault.NOT_A_RECEIPT_NUMBER: (
        "收件号是 16 位，有一位不对。请对着凭条再看一遍",
        "A receipt number has 16 digits and one of these is wrong. Please compare it with the slip",
    ),
}

_LINE: _Sentences = {
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

_NOT_TAKEN = (
    "现在收不了件，您的事还没有提交。请找工作人员",
    "We cannot take your case now; nothing was sent. Please ask the staff",
)
_JOURNAL: _Sentences = {
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

_SCAN: _Sentences = {
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

_CODE: _Sentences = {
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

_OBSTACLE: _Sentences = {
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

_POWER: _Sentences = {
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

_DOCUMENT: _Sentences = {
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

_STATE: _Sentences = {
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

_DELIVERY: _Sentences = {
    Delivery.SENDING: ("正在送往平台", "On its way to the platform"),
    Delivery.WAITING_FOR_LINE: (
        "线路恢复后自动送出，不用您再来",
        "It is sent when the line is back; you need not return",
    ),
    Delivery.DELIVERED: ("平台已收到", "The platform has it"),
}

_LINE_STATE: _Sentences = {
    LineState.ONLINE: ("线路正常", "Online"),
    LineState.OFFLINE: ("线路断开", "Offline"),
    LineState.UNKNOWN: ("正在连线", "Connecting"),
    LineState.NOT_ENROLLED: ("未登记", "Not registered"),
}

_DEVICE_CLASS: _Sentences = {
    DeviceClass.ID_CARD_READER: ("读卡器", "Card reader"),
    DeviceClass.RECEIPT_PRINTER: ("打印机", "Printer"),
    DeviceClass.BARCODE_SCANNER: ("扫码口", "Scanner"),
    DeviceClass.SOCIAL_CARD_READER: ("社保卡读卡器", "Social-security card reader"),
    DeviceClass.BADGE_READER: ("工作证读卡器", "Staff badge reader"),
    DeviceClass.SHEET_PRINTER: ("A4 打印机", "A4 printer"),
    DeviceClass.CODE_CAMERA: ("扫码摄像头", "Code camera"),
    DeviceClass.DOCUMENT_CAMERA: ("高拍仪", "Document camera"),
    DeviceClass.IO_BOARD: ("指示灯和按钮", "Lights and buttons"),
    DeviceClass.POWER_SUPPLY: ("备用电源", "Backup power"),
    DeviceClass.FINGERPRINT_READER: ("指纹仪", "Fingerprint reader"),
}

_DEVICE_STATE: _Sentences = {
    DeviceState.STARTING: ("正在启动", "starting"),
    DeviceState.ONLINE: ("正常", "working"),
    DeviceState.OFFLINE: ("没有回应，正在恢复", "not answering, recovering"),
    DeviceState.POWER_OFF: ("没有通电", "switched off"),
    DeviceState.NO_DEVICE: ("断开了，正在恢复", "disconnected, recovering"),
    DeviceState.HARDWARE_ERROR: ("坏了，要找人修", "broken, needs an engineer"),
    DeviceState.USER_ERROR: ("要人看一下", "needs a hand"),
    DeviceState.BUSY: ("正在工作", "busy"),
}

_SUPPLY: _Sentences = {
    SupplyState.UNKNOWN: ("纸量未知", "paper unknown"),
    SupplyState.FULL: ("有纸", "paper ok"),
    SupplyState.LOW: ("纸快用完", "paper low"),
    SupplyState.OUT: ("没纸了", "out of paper"),
}

_DETAIL: _Sentences = {
    DeviceDetail.NONE: ("", ""),
    DeviceDetail.COVER_OPEN: ("盖子开着", "cover open"),
    DeviceDetail.CUTTER_ERROR: ("切纸刀卡住", "cutter stuck"),
    DeviceDetail.HEAD_TOO_HOT: ("太热", "too hot"),
    DeviceDetail.SELF_TEST_FAILED: ("自检没通过", "self-test failed"),
    DeviceDetail.NOT_LICENSED: ("没有授权", "not licensed"),
    DeviceDetail.PORT_IN_USE: ("被别的程序占用", "in use by another program"),
    DeviceDetail.NOT_CONFIGURED: ("没有设置", "not configured"),
    DeviceDetail.WRONG_DEVICE: ("接错了设备", "wrong device attached"),
    DeviceDetail.ON_BATTERY: ("停电了，在用电池", "no mains, running on battery"),
    DeviceDetail.BATTERY_LOW: ("电池快用完了，就要关机", "battery almost empty, shutting down"),
    DeviceDetail.REPLACE_BATTERY: ("电池该换了", "battery needs replacing"),
    DeviceDetail.TONER_LOW: ("墨粉快用完", "toner low"),
    DeviceDetail.TONER_EMPTY: ("没有墨粉了", "out of toner"),
    DeviceDetail.OUTPUT_FULL: ("出纸口满了", "output tray full"),
    DeviceDetail.TRAY_MISSING: ("纸盒没有装好", "paper tray missing"),
    DeviceDetail.PAUSED: ("被暂停了", "paused"),
    DeviceDetail.NO_CONFIRMATION: ("打完不报结果", "does not say whether it printed"),
    DeviceDetail.TRIGGER_REFUSED: ("不认触发指令", "does not obey its trigger"),
    DeviceDetail.LENS_COVERED: ("镜头被挡住了", "lens covered"),
    DeviceDetail.PICTURE_FROZEN: ("画面不动了", "picture frozen"),
}

_BADGE: _Sentences = {
    BadgeRefusal.UNKNOWN: (
        "本机不认识这张工作证。请联系管理员登记",
        "This terminal does not know this badge. Ask for it to be enrolled",
    ),
    BadgeRefusal.NOT_A_BADGE: ("这不是工作证。请换一张", "This is not a staff badge. Please use another one"),
    BadgeRefusal.NO_ROLL: ("本机还没有登记过工作证", "No badge has been enrolled on this terminal yet"),
}

_KEEPER: _Sentences = {
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

_AGO: _Sentences = {
    Ago.NOT_YET: ("开机后还没有", "not since the start"),
    Ago.JUST_NOW: ("刚刚", "just now"),
    Ago.MINUTES: ("{} 分钟前", "{} min ago"),
    Ago.HOURS: ("{} 小时前", "{} h ago"),
    Ago.DAYS: ("{} 天前", "{} days ago"),
}

_ROLE: _Sentences = {
    Role.ASSISTANT: ("帮办人员", "assistant"),
    Role.SITE_KEEPER: ("场地管理员", "site keeper"),
    Role.ENGINEER: ("维护工程师", "engineer"),
}

_REVIEW: _Sentences = {
    ReviewRemark.HANDED_IN_BEFORE: (
        "这件事您前几天提交过。可以先查它，也可以再提交",
        "You handed this in here a few days ago. Look that one up, or hand it in again",
    ),
}

SENTENCES: dict[type[Enum], _Sentences] = {
    CardFault: _CARD,
    PrintFault: _PRINT,
    PrintWait: _PRINT_WAIT,
    CaptureRemark: _CAPTURE,
    FingerprintFault: _FINGERPRINT,
    AnswerFault: _ANSWER,
    LineFault: _LINE,
    JournalFault: _JOURNAL,
    ScanFault: _SCAN,
    CodeRefusal: _CODE,
    Obstacle: _OBSTACLE,
    PowerNotice: _POWER,
    DocumentKind: _DOCUMENT,
    PlatformState: _STATE,
    Delivery: _DELIVERY,
    ReviewRemark: _REVIEW,
    LineState: _LINE_STATE,
    DeviceClass: _DEVICE_CLASS,
    DeviceState: _DEVICE_STATE,
    SupplyState: _SUPPLY,
    DeviceDetail: _DETAIL,
    BadgeRefusal: _BADGE,
    Role: _ROLE,
    KeeperTask: _KEEPER,
    Ago: _AGO,
}


def sentence(reason: Enum, language: str) -> str:
    """The words for `reason` in `language`, or in Chinese where that language has none."""
    chinese, english = SENTENCES[type(reason)][reason]
    return english if language == "en" else chinese
