"""The devices: their names, and how each of them is."""

from __future__ import annotations

from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, SupplyState
from kiosk.sentences.table import Table, Topic

_DEVICE_CLASS: Table = {
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

_DEVICE_STATE: Table = {
    DeviceState.STARTING: ("正在启动", "starting"),
    DeviceState.ONLINE: ("正常", "working"),
    DeviceState.OFFLINE: ("没有回应，正在恢复", "not answering, recovering"),
    DeviceState.POWER_OFF: ("没有通电", "switched off"),
    DeviceState.NO_DEVICE: ("断开了，正在恢复", "disconnected, recovering"),
    DeviceState.HARDWARE_ERROR: ("坏了，要找人修", "broken, needs an engineer"),
    DeviceState.USER_ERROR: ("要人看一下", "needs a hand"),
    DeviceState.BUSY: ("正在工作", "busy"),
}

_DETAIL: Table = {
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

_SUPPLY: Table = {
    SupplyState.UNKNOWN: ("纸量未知", "paper unknown"),
    SupplyState.FULL: ("有纸", "paper ok"),
    SupplyState.LOW: ("纸快用完", "paper low"),
    SupplyState.OUT: ("没纸了", "out of paper"),
}

DEVICES: Topic = {
    DeviceClass: _DEVICE_CLASS,
    DeviceState: _DEVICE_STATE,
    DeviceDetail: _DETAIL,
    SupplyState: _SUPPLY,
}
