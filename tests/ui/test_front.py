"""What stands at the front of the terminal besides the screen: lights, the help button, the mouth of the printer, the mains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from kiosk.domain.device_event import DeviceEvent
from kiosk.domain.device_status import DeviceClass, DeviceDetail, DeviceState, DeviceStatus
from kiosk.domain.printing import PrintState
from tests.ui.finger import offered, read
from tests.ui.peers import open_journal
from tests.ui.test_journey import Stand

ABSENT = DeviceStatus(state=DeviceState.NO_DEVICE, detail=DeviceDetail.NOT_CONFIGURED)


class Front(Stand):
    """A terminal, looked at from the front."""

    def lit(self) -> dict[str, str]:
        """Which lights shine, as the board was told; the first light of a session puts out all others."""
        shining: dict[str, str] = {}
        session = ""
        for method, params in self.hands.asked:
            if method == "lights.stop":
                shining = {}
            if method != "lights.set":
                continue
            if params["session"] != session:
                session, shining = params["session"], {}
            shining[params["position"]] = params["rate"]
        return {position: rate for position, rate in shining.items() if rate != "off"}

    def shines(self, **lights: str) -> None:
        self.until(lambda: self.lit() == {"status": "continuous", **lights}, f"{lights}, not {self.lit()}")

    def happens(self, event: DeviceEvent, device: DeviceClass) -> None:
        self.hands.say("device.event", device=device, event=event)

    def supply_says(self, detail: DeviceDetail) -> None:
        status = DeviceStatus(state=DeviceState.ONLINE, detail=detail)
        self.hands.say("device.status", device=DeviceClass.POWER_SUPPLY, status=status)

    def printing_ends(self, verdict: str) -> None:
        self.until(lambda: self.hands.count("slip_printer.print") > 0)
        asked = self.hands.last("slip_printer.print")
        assert asked is not None
        fault = "none" if verdict == "printed" else "no_answer"
        outcome = {"verdict": verdict, "fault": fault}
        self.hands.say("slip_printer.outcome", job=asked["job"], outcome=outcome)

    def slip_states(self) -> list[PrintState]:
        receipt = self.face.navigator.session.view.receipt
        assert receipt is not None
        with open_journal(self.settings) as journal:
            return [job.state for job in journal.print_jobs.for_entry(receipt.entry_id)]


@pytest.fixture
def front(qtbot: QtBot, tmp_path: Path, english: None) -> Iterator[Front]:
    front = Front(qtbot, tmp_path)
    yield front
    for face in front.faces:
        face.close()
    front.hands.go()
    front.line.server.close()


def test_the_lights_lead_from_card_to_slip_and_go_out(front: Front) -> None:
    front.on("attract")
    front.shines()
    front.tap("开始")
    front.on("home")
    front.until(lambda: front.face.navigator.errands.line.up)
    front.tap("养老待遇资格认证")
    front.on("service")
    front.shines()
    front.tap("开始办理")
    front.on("identify")
    front.shines(id_card_reader="slow", social_card_reader="slow")
    front.hands.read_card(front.session())
    front.on("identity")
    front.shines()
    front.until(lambda: front.hands.count("id_card.stop") == 1)
    front.tap("是我")
    front.on("question")
    front.face.navigator.carry_out(front.face.navigator.session.answer("13800138000"))
    front.on("review")
    front.tap("确认提交")
    front.on("result")
    front.shines(receipt_printer="slow")
    front.printing_ends("printed")
    front.until(lambda: "凭条打好了，请拿走" in read(front.window))
    front.shines(receipt_printer="slow")
    front.happens(DeviceEvent.MEDIA_TAKEN, DeviceClass.RECEIPT_PRINTER)
    front.until(lambda: "凭条请收好" in read(front.window))
    front.shines()
    assert front.slip_states() == [PrintState.TAKEN]
    front.tap("办好了")
    front.on("attract")
    front.shines()
    last = front.hands.last("lights.set")
    assert last is not None
    assert last["session"] == front.session()


def test_the_scanner_is_lit_where_a_slip_is_asked_for(front: Front) -> None:
    front.on("attract")
    front.tap("开始")
    front.on("home")
    front.tap("打印取件")
    front.on("lookup")
    front.shines(barcode_scanner="slow")
    front.tap("返回")
    front.on("home")
    front.shines()


def test_lights_are_set_again_after_the_devices_process_died(front: Front) -> None:
    front.on("attract")
    front.tap("开始")
    front.on("home")
    front.tap("打印取件")
    front.shines(barcode_scanner="slow")
    front.hands.go()
    front.until(lambda: not front.face.navigator.errands.devices.reachable)
    front.hands.asked.clear()
    front.hands.come()
    front.shines(barcode_scanner="slow")


def test_without_a_board_nothing_is_asked_of_one(front: Front) -> None:
    front.on("attract")
    front.shines()
    front.hands.say("device.status", device=DeviceClass.IO_BOARD, status=ABSENT)
    board = DeviceClass.IO_BOARD
    front.until(lambda: not front.face.navigator.errands.devices.statuses[board].usable)
    front.hands.asked.clear()
    front.tap("开始")
    front.on("home")
    front.tap("打印取件")
    front.on("lookup")
    front.qtbot.wait(50)
    assert not [method for method, _ in front.hands.asked if method.startswith("lights.")]


def test_the_help_button_opens_the_help_page_on_any_page_and_changes_nothing(front: Front) -> None:
    front.as_far_as_review()
    front.happens(DeviceEvent.HELP_PRESSED, DeviceClass.IO_BOARD)
    front.on("help")
    front.happens(DeviceEvent.HELP_RELEASED, DeviceClass.IO_BOARD)
    front.happens(DeviceEvent.HELP_PRESSED, DeviceClass.IO_BOARD)
    front.tap("回去接着办")
    front.on("review")
    assert any("138 0013 8000" in text for text in read(front.window))


def test_help_on_the_attract_page_goes_back_to_it_by_itself(front: Front) -> None:
    front.on("attract")
    front.until(lambda: front.face.navigator._session is not None)
    front.shines()
    front.happens(DeviceEvent.HELP_PRESSED, DeviceClass.IO_BOARD)
    front.on("help")
    reading = front.face.navigator.idle()
    assert reading is not None  # somebody may walk away from it: silence counts
    front.face.navigator.finish()
    front.on("attract")
    assert front.face.navigator.idle() is None


def test_people_and_doors_turn_no_page(front: Front) -> None:
    front.on("attract")
    front.shines()
    for event in (DeviceEvent.PERSON_CAME, DeviceEvent.PERSON_LEFT, DeviceEvent.DOOR_OPENED):
        front.happens(event, DeviceClass.IO_BOARD)
    front.qtbot.wait(50)
    assert front.face.navigator.property("page") == "attract"


def test_a_slip_that_nobody_confirms_is_a_question_with_two_answers(front: Front) -> None:
    front.as_far_as_result()
    front.printing_ends("unconfirmed")
    front.until(lambda: "凭条出来了吗？" in read(front.window))
    assert front.slip_states() == [PrintState.UNKNOWN]
    front.tap("没有，再打一次")
    front.until(lambda: front.hands.count("slip_printer.print") == 2)
    again = front.hands.last("slip_printer.print")
    assert again is not None
    assert "补打" in str(again["page"])
    front.printing_ends("unconfirmed")
    front.tap("出来了")
    front.until(lambda: "凭条请收好" in read(front.window))
    assert front.slip_states() == [PrintState.UNKNOWN, PrintState.TAKEN]
    assert "再打一次" not in offered(front.window)


def test_a_battery_almost_empty_interrupts_nobody(front: Front) -> None:
    front.as_far_as_review()
    front.supply_says(DeviceDetail.BATTERY_LOW)
    front.happens(DeviceEvent.BATTERY_LOW, DeviceClass.POWER_SUPPLY)
    front.until(lambda: any("请尽快办完" in text for text in read(front.window)))
    assert front.face.navigator.property("page") == "review"
    front.tap("确认提交")
    front.on("result")
    assert front.entries() == 1
    front.until(lambda: any("您的事已收下" in text for text in read(front.window)))


@pytest.mark.fault(130)
def test_on_battery_nothing_new_is_begun_until_the_mains_are_back(front: Front) -> None:
    front.on("attract")
    front.shines()
    front.supply_says(DeviceDetail.ON_BATTERY)
    front.tap("开始")
    front.on("home")
    front.until(lambda: any("新的事要等来电再办" in text for text in read(front.window)))
    front.tap("养老待遇资格认证")
    front.on("service")
    assert not offered(front.window)["开始办理"].enabled
    assert "停电了，在用电池" in read(front.window)
    front.supply_says(DeviceDetail.NONE)
    front.until(lambda: offered(front.window)["开始办理"].enabled)


def test_the_page_speaks_of_a_social_card_only_where_one_can_be_read(front: Front) -> None:
    front.on("attract")
    front.shines()
    front.hands.say("device.status", device=DeviceClass.SOCIAL_CARD_READER, status=ABSENT)
    front.tap("开始")
    front.on("home")
    front.tap("养老待遇资格认证")
    front.on("service")
    front.tap("开始办理")
    front.on("identify")
    assert not any("社保卡" in text for text in read(front.window))
    works = DeviceStatus(state=DeviceState.ONLINE)
    front.hands.say("device.status", device=DeviceClass.SOCIAL_CARD_READER, status=works)
    front.until(lambda: "没带身份证？插社保卡也行" in read(front.window))
    front.hands.say("device.status", device=DeviceClass.ID_CARD_READER, status=ABSENT)
    front.until(lambda: "请插入社保卡" in read(front.window))
