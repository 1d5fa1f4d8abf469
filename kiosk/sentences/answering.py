"""What somebody fills in, lays down to be photographed and looks over before they hand it in."""

from __future__ import annotations

from kiosk.catalogue.rules import AnswerFault
from kiosk.flow.journey import ReviewRemark
from kiosk.ports import CaptureRemark
from kiosk.sentences.table import Table, Topic

_ANSWER: Table = {
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

_CAPTURE: Table = {
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

_REVIEW: Table = {
    ReviewRemark.HANDED_IN_BEFORE: (
        "这件事您前几天提交过。可以先查它，也可以再提交",
        "You handed this in here a few days ago. Look that one up, or hand it in again",
    ),
}

ANSWERING: Topic = {
    AnswerFault: _ANSWER,
    CaptureRemark: _CAPTURE,
    ReviewRemark: _REVIEW,
}
