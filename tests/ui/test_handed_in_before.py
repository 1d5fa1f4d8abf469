"""A resident who hands the same thing in again is told so before they submit, and decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtTest import QTest

from kiosk.clock import ManualClock
from kiosk.config import KeepingSettings, Language
from kiosk.domain.case import Case, new_entry_id
from kiosk.domain.enrolment import Enrolment, Standing
from kiosk.domain.receipt import Receipt, in_fours
from kiosk.flow.availability import LineState
from kiosk.flow.journey import ReviewRemark
from kiosk.sentences import sentence
from tests.ui.finger import offered, read, tap
from ui.bridge.records import Records
from ui.gallery.exhibition import Exhibition
from ui.gallery.scenes import SCENES
from ui.gallery.stand_ins import RESIDENT, receipt

SCENE = {scene.name: scene for scene in SCENES}
Open = Callable[[str], Exhibition]
GUARD_MS = 700
WORDS = sentence(ReviewRemark.HANDED_IN_BEFORE, "zh_CN")


def test_the_summary_names_the_receipt_and_still_takes_the_case(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["review-handed-in-before"], "standard", Language.CHINESE)
    window = shown.face.window
    words = " ".join(read(window))
    assert WORDS in words
    assert in_fours(receipt("pension-certification").number) in words
    QTest.qWait(GUARD_MS)  # the page is deaf to a second tap of what led here
    tap(window, "确认提交")
    shown.face.navigator.painted()
    assert shown.face.navigator.property("page") == "result"


def test_the_earlier_case_is_looked_up_instead(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["review-handed-in-before"], "standard", Language.CHINESE)
    tap(shown.face.window, "查那一件")
    assert shown.face.navigator.property("page") == "asking"
    assert shown.face.navigator.session.view.asked_number == receipt("pension-certification").number
    assert shown.face.navigator.session.view.resident is None


def test_without_a_line_nobody_is_sent_to_look_it_up(exhibition: Open) -> None:
    shown = exhibition("portrait")
    shown.show(SCENE["review-handed-in-before"], "standard", Language.CHINESE)
    shown.face.stand_in_line.state = LineState.OFFLINE
    shown.face.stand_in_line.lineChanged.emit()
    assert WORDS in " ".join(read(shown.face.window))
    assert "查那一件" not in offered(shown.face.window)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def _records(folder: Path, clock: ManualClock, days: int = 7, reserve_mib: int = 1) -> Records:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    keeping = KeepingSettings(duplicate_days=days, reserve_mib=reserve_mib)
    records = Records(folder / "journal.db", folder / "journal.key", folder, clock, keeping=keeping)
    records.open()
    assert records._journal is not None
    records._journal.settings.set_enrolment(
        Enrolment(
            terminal_id="t-370508",
            terminal_number="370508",
            region_code="370502",
            sealing_key=X25519PrivateKey.generate().public_key().public_bytes_raw(),
            signing_key=bytes(32),
        )
    )
    return records


def _case() -> Case:
    return Case(
        entry_id=new_entry_id(),
        service_code="pension-certification",
        pack_version="1.0.0",
        started_at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
        answers={},
        resident=RESIDENT,
    )


def test_it_is_asked_about_for_as_long_as_the_settings_say(tmp_path: Path, clock: ManualClock) -> None:
    records = _records(tmp_path, clock)
    assert records.earlier(_case()) is None
    first = records.record(_case())
    assert isinstance(first, Receipt)
    assert records.earlier(_case()) == first
    assert records.earlier(replace(_case(), service_code="another-service")) is None
    assert records.earlier(replace(_case(), resident=None)) is None
    clock.advance(timedelta(days=8).total_seconds())
    assert records.earlier(_case()) is None
    records.close()


def test_settings_may_switch_the_question_off(tmp_path: Path, clock: ManualClock) -> None:
    records = _records(tmp_path, clock, days=0)
    records.record(_case())
    assert records.earlier(_case()) is None
    records.close()


@pytest.mark.fault(6, 17, 25)
def test_a_stopped_terminal_and_a_disk_without_room_are_known_before_any_effort(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = _records(tmp_path, clock)
    assert records._journal is not None
    assert (records.standing, records.room_for_cases) == (Standing.OK, True)
    records._journal.settings.set_standing(Standing.CLONED)
    assert records.standing is Standing.CLONED
    records.close()
    cramped = _records(tmp_path, clock, reserve_mib=256)
    assert cramped._journal is not None
    monkeypatch.setattr(cramped._journal, "free_bytes", lambda: 100 * 2**20)
    seen = [cramped.room_for_cases]
    monkeypatch.undo()
    seen.append(cramped.room_for_cases)  # the disk is not asked at every glance
    clock.advance(6)
    seen.append(cramped.room_for_cases)
    cramped.close()
    assert seen == [False, False, True]
