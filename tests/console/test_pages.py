"""What the pages show and do: fleet, terminals, cases, entries, codes, catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.domain.case import PlatformState
from sync.central.catalogue_store import CatalogueStore
from sync.central.console.fleet import ALERTS, Fleet, FleetWish
from sync.central.console.roles import Role
from sync.central.forwarding_queue import ForwardingQueue
from tests.console.practice import PracticeTerminal, devices, fill, publication
from tests.console.staff import Office, Tab

OpenTab = Callable[..., Tab]
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


def _state(office: Office, receipt: str) -> PlatformState:
    return office.platform.cases.progress(receipt).state


def test_each_trouble_raises_its_alert_and_the_worst_comes_first(office: Office) -> None:
    fill(office.platform, office.clock)
    rows, found = Fleet(office.platform.store).page(FleetWish())
    assert found == 24
    seen = {alert.code for row in rows for alert in row.alerts}
    assert seen == {alert.code for alert in ALERTS}
    weights = [sum(alert.weight for alert in row.alerts) for row in rows]
    assert weights == sorted(weights, reverse=True)
    count = Fleet(office.platform.store).count()
    assert count.total == 24
    assert count.well == sum(weight == 0 for weight in weights)
    for alert in ALERTS:
        assert count.with_alert[alert.code] == sum(alert in row.alerts for row in rows)
        filtered, number = Fleet(office.platform.store).page(FleetWish(alert=alert.code))
        assert number == len(filtered) == count.with_alert[alert.code]


def test_a_terminal_falls_silent_and_is_heard_again(office: Office, terminal: PracticeTerminal) -> None:
    def alerts() -> set[str]:
        row = Fleet(office.platform.store).one(terminal.id)
        assert row is not None
        return {alert.code for alert in row.alerts}

    assert alerts() == set()
    office.clock.advance(15 * 60 + 1)
    assert alerts() == {"silent"}
    terminal.report()
    assert alerts() == set()


def test_the_fleet_is_searched_by_number_and_place_literally(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    tab = open_tab(Role.OPERATOR)
    tab.post(f"/terminals/{terminal.id}/place", place="青石村 50% 站")
    PracticeTerminal(office.platform, "别处").report()
    for search, count in (
        ("青石", 1),
        ("50%", 1),
        ("%", 1),
        ("_", 0),
        (terminal.number, 1),
        ("1000", 2),
        ("'--", 0),
    ):
        text = tab.http.get("/console/terminals", params={"search": search}).text
        assert f"共 {count} 台" in text, search


def test_a_terminals_page_shows_what_is_wrong(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    for hour in range(5):
        office.clock.advance(3600)
        terminal.report(pending=hour, devices=devices(paper="out", state="user_error", detail="cover_open"))
    text = open_tab(Role.VIEWER).get(f"/terminals/{terminal.id}").text
    for word in ("缺纸", "上盖打开", "需人工处理", "凭条打印机", "待发送的条目", terminal.id):
        assert word in text
    assert len(re.findall(r'class="curve"', text)) == 3
    assert "style=" not in text, "the policy of the page forbids it"


def test_suspended_and_lifted_is_told_to_the_terminal_and_noted(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    tab = open_tab(Role.OPERATOR)
    tab.post(f"/terminals/{terminal.id}/suspend")
    assert "人工停用" in tab.get(f"/terminals/{terminal.id}").text
    tab.post(f"/terminals/{terminal.id}/lift")
    assert "人工停用" not in tab.get(f"/terminals/{terminal.id}").text
    assert office.noted("terminal_suspended")[0][1:] == (terminal.id, "ok")
    assert office.noted("terminal_lifted")[0][1:] == (terminal.id, "suspended")
    assert tab.post("/terminals/t999999-00000000/suspend").status_code == 404


def test_an_alarm_is_closed_once(office: Office, open_tab: OpenTab, terminal: PracticeTerminal) -> None:
    today = office.clock.now().date()
    terminal.report(audit_roots=[terminal.root(today, bytes(32))])
    terminal.report(audit_roots=[terminal.root(today, bytes([1]) * 32)])
    tab = open_tab(Role.OPERATOR)
    assert "审计根被改写" in tab.get(f"/terminals/{terminal.id}").text
    assert tab.post(f"/terminals/{terminal.id}/alarms/1/close").status_code == 303
    assert tab.post(f"/terminals/{terminal.id}/alarms/1/close").status_code == 404
    row = Fleet(office.platform.store).one(terminal.id)
    assert row is not None
    assert row.alerts == ()


def test_a_case_is_found_by_its_number_with_or_without_spaces(
    open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    tab = open_tab(Role.VIEWER)
    spaced = " ".join(re.findall("....", receipt))
    for text in (receipt, spaced):
        answer = tab.http.get("/console/cases", params={"receipt": text})
        assert answer.headers["location"] == f"/console/cases/{receipt}"
    assert spaced in tab.get(f"/cases/{receipt}").text
    wrong = tab.get("/cases?receipt=1234")
    assert wrong.status_code == 404
    assert "收件号不对" in wrong.text


def test_cases_of_a_terminal_and_a_day_follow_the_chinese_day(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    office.clock.advance(13.5 * 3600)  # 15:30 UTC, 23:30 in China
    today = terminal.send(terminal.entry())[0]
    office.clock.advance(3600)  # 00:30 of the next day in China
    tomorrow = terminal.send(terminal.entry())[0]
    tab = open_tab(Role.VIEWER)
    first = tab.get(f"/cases?terminal={terminal.number}&day=2026-11-22").text
    second = tab.get(f"/cases?terminal={terminal.number}&day=2026-11-23").text
    assert today in first
    assert tomorrow not in first
    assert tomorrow in second
    assert today not in second


def test_a_case_is_masked_until_somebody_says_why(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    tab = open_tab(Role.OPERATOR)
    secrets = ("测试甲", "11010519491231002X", "13900000000", "青石村 1 号", "1949-12-31")
    masked = tab.get(f"/cases/{receipt}").text
    assert not [secret for secret in secrets if secret in masked]
    for text in (masked, tab.get("/cases").text, tab.get("/ledger").text, tab.get("/ledger.csv").text):
        assert not [secret for secret in secrets if secret in text]
    for reason in ("  ", "核对 11010519491231002X", "打 139 0000 0000 核对"):
        refused = tab.post(f"/cases/{receipt}/show", reason=reason)
        assert refused.status_code == 422
        assert not [secret for secret in secrets if secret in refused.text]
    assert office.noted("case_shown") == []
    shown = tab.post(f"/cases/{receipt}/show", reason="群众来电核对地址").text
    assert [secret for secret in secrets if secret in shown] == list(secrets)
    assert [entry[1:] for entry in office.noted("case_shown")] == [(receipt, "群众来电核对地址")]
    assert not [secret for secret in secrets if secret in tab.get(f"/cases/{receipt}").text]


def test_a_case_is_moved_step_by_step_and_the_terminal_is_told(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    tab = open_tab(Role.OPERATOR)
    path = f"/cases/{receipt}/state"
    assert tab.post(path, state="concluded").status_code == 409, "not before it was accepted"
    assert tab.post(path, state="returned").status_code == 422, "not without a word to the resident"
    assert tab.post(path, state="unheard-of").status_code == 422
    assert _state(office, receipt) is PlatformState.RECEIVED
    assert tab.post(path, state="returned", words="请带上户口簿").status_code == 303
    assert tab.post(path, state="accepted").status_code == 303
    assert tab.post(path, state="concluded", seen="received").status_code == 409, "a page that is out of date"
    assert tab.post(path, state="concluded", seen="accepted").status_code == 303
    assert tab.post(path, state="accepted").status_code == 409, "what is concluded stays so"
    assert _state(office, receipt) is PlatformState.CONCLUDED
    assert "请带上户口簿" in tab.get(f"/cases/{receipt}").text
    told = [message.state.value for message in office.platform.cases.inbox(terminal.id, 0).messages]
    assert told == ["returned", "accepted", "concluded"]
    words = [message.words for message in office.platform.cases.inbox(terminal.id, 0).messages]
    assert words == ["请带上户口簿", "", ""], "what was typed for the resident reaches the terminal"
    assert [detail for _, _, detail in office.noted("case_moved")][::-1] == [
        "received -> returned",
        "returned -> accepted",
        "accepted -> concluded",
    ]


def test_names_that_attack_the_page_are_only_text(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    entry = terminal.entry(name=HOSTILE)
    receipt = terminal.send(entry)[0]
    tab = open_tab(Role.OPERATOR)
    tab.post(f"/terminals/{terminal.id}/place", place=HOSTILE)
    tab.post("/codes", label=HOSTILE, hours="24")
    tab.post(f"/cases/{receipt}/state", state="returned", words=HOSTILE)
    pages = [
        tab.post(f"/cases/{receipt}/show", reason=HOSTILE).text,
        *(tab.get(path).text for path in ("/terminals", f"/terminals/{terminal.id}", "/codes", "/cases")),
        tab.http.get(
            "/console/terminals", params={"search": HOSTILE, "alert": HOSTILE, "order": HOSTILE}
        ).text,
        tab.http.get("/console/cases", params={"receipt": HOSTILE}).text,
        tab.http.get("/console/cases", params={"terminal": HOSTILE}).text,
        tab.http.get("/console/ledger", params={"terminal": HOSTILE}).text,
        tab.http.get("/console/entries", params={"reason": HOSTILE, "done": HOSTILE}).text,
        open_tab(Role.AUDITOR).get("/audit").text,
    ]
    for page in pages:
        assert "<script" not in page
        assert "<img" not in page
        assert "49" not in re.findall(r"alert\(2\)&gt;(..)", page)
    assert sum("&lt;script&gt;" in page for page in pages) >= 8


def test_a_forked_entry_is_requeued_released_and_then_a_case(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    before = terminal.sequence, terminal.digest
    terminal.send(terminal.entry())
    terminal.sequence, terminal.digest = before
    forked = terminal.entry()
    terminal.send(forked)
    tab = open_tab(Role.OPERATOR)
    assert "同一序号已有别的条目" in tab.get("/entries").text
    path = f"/entries/{terminal.id}/{forked.id.hex}"
    assert "done=still" in tab.post(f"{path}/requeue").headers["location"]
    assert tab.get(f"/cases/{forked.receipt_number}").status_code == 404
    assert "done=released" in tab.post(f"{path}/release").headers["location"]
    assert tab.get(f"/cases/{forked.receipt_number}").status_code == 200
    assert forked.receipt_number not in tab.get("/entries").text
    assert len(office.noted("entry_requeued")) == len(office.noted("entry_released")) == 1


def test_an_entry_that_nobody_can_open_stays_quarantined(
    open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    spoilt = terminal.entry(spoil=True)
    terminal.send(spoilt)
    tab = open_tab(Role.OPERATOR)
    answer = tab.post(f"/entries/{terminal.id}/{spoilt.id.hex}/requeue")
    assert "done=still" in answer.headers["location"]
    assert "无法解封" in tab.get("/entries").text
    assert tab.post(f"/entries/{terminal.id}/no-entry/requeue").status_code == 404


def test_a_case_that_the_province_did_not_take_is_passed_on_again(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    tab = open_tab(Role.OPERATOR)
    tab.post(f"/cases/{receipt}/state", state="accepted")
    queue = ForwardingQueue(office.platform.store)
    queue.died(queue.claim(1, 60)[0], "400 wrong shape")
    assert "400 wrong shape" in tab.get("/entries").text
    assert queue.claim(1, 60) == []
    assert tab.post(f"/entries/{terminal.id}/{receipt}/forward").status_code == 303
    assert "400 wrong shape" not in tab.get("/entries").text
    assert len(queue.claim(1, 60)) == 1
    assert [subject for _, subject, _ in office.noted("case_forwarded")] == [receipt]


def test_a_case_known_by_its_slip_alone_is_found_and_says_so(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    lost = terminal.entry()
    now = office.platform.store.now()
    with office.platform.store.transaction(terminal.id) as run:
        place = (terminal.id, lost.receipt_number, lost.id.bytes)
        run.execute("insert into case_record values (?, ?, ?, 'remote-medical', 'received', '')", place)
        run.execute(
            "insert into reclaim values (?, ?, ?, 1, ?, ?, 'remote-medical', ?, 'window')",
            (*place, lost.digest, now, now),
        )
    tab = open_tab(Role.OPERATOR)
    assert "只有凭条" in tab.get(f"/cases/{lost.receipt_number}").text
    assert tab.post(f"/cases/{lost.receipt_number}/state", state="accepted").status_code == 303
    assert _state(office, lost.receipt_number) is PlatformState.ACCEPTED


def test_a_code_is_shown_once_enrols_once_and_can_be_revoked(office: Office, open_tab: OpenTab) -> None:
    tab = open_tab(Role.OPERATOR)
    page = tab.post("/codes", label="青石村", hours="1").text
    code = re.search(r"data-code>([A-Z0-9-]{14})<", page)
    assert code is not None
    assert code[1] not in tab.get("/codes").text
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    terminal = office.platform.store.enrol(code[1], key, "370508", "0.4.0")
    assert "青石村" in tab.get(f"/terminals/{terminal.terminal_id}").text, "the place came with the code"
    assert "没有未用的登记码" in tab.get("/codes").text
    page = tab.post("/codes", label="柳林镇", hours="1").text
    again = re.search(r"data-code>([A-Z0-9-]{14})<", page)
    void = re.search(r"/codes/([0-9a-f]{64})/revoke", page)
    assert again is not None
    assert void is not None
    assert tab.post(f"/codes/{void[1]}/revoke").status_code == 303
    with pytest.raises(Exception, match="expired-code"):
        office.platform.store.enrol(
            again[1], Ed25519PrivateKey.generate().public_key().public_bytes_raw(), "370508", ""
        )
    assert tab.post(f"/codes/{void[1]}/revoke").status_code == 404
    assert again[1] not in str(office.acts.newest(100)), "a code is not put on record"


def test_only_a_catalogue_of_a_trusted_publisher_is_published(office: Office, open_tab: OpenTab) -> None:
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    store = CatalogueStore(office.platform.store)
    store.trust(key.public_key().public_bytes_raw())
    tab = open_tab(Role.PUBLISHER)

    def send(content: bytes) -> int:
        files = {"publication": ("catalogue.json", content, "application/json")}
        return tab.post("/catalogue", seen_on="/catalogue", files=files).status_code

    good = publication(7, key)
    assert send(publication(7, stranger)) == 422
    assert send(good.replace(b"pension", b"tension")) == 422
    assert send(b"{}") == 422
    assert store.newest() is None
    assert send(good) == 303
    assert send(publication(6, key)) == 422, "an older one"
    text = tab.get("/catalogue").text
    assert "高龄津贴申请" in text
    assert [detail for *_, detail in office.noted("catalogue_refused")][::-1] == [
        "signature",
        "digest",
        "shape",
        "older",
    ]
    assert len(office.noted("catalogue_published")) == 1


def test_ratings_and_tickets_say_that_none_came_and_show_those_that_do(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    tab = open_tab(Role.VIEWER)
    assert "还没有收到评价" in tab.get("/ratings").text
    assert "还没有收到" in tab.get("/tickets").text
    with office.platform.store.transaction() as run:
        run.execute(
            "insert into rating values (?, ?, 'pension-certification', 5, '态度好', ?)",
            (terminal.id, bytes(16), office.platform.store.now()),
        )
        run.execute(
            "insert into ticket values (?, ?, '', 'pension-certification', '系统里查不到', 'open', ?)",
            (terminal.id, bytes(16), office.platform.store.now()),
        )
    assert "态度好" in tab.get("/ratings").text
    assert "系统里查不到" in tab.get("/tickets").text


def test_pages_speak_english_to_a_browser_that_asks_for_it(open_tab: OpenTab) -> None:
    tab = open_tab(Role.VIEWER, language="en-GB,en;q=0.9")
    text = tab.get("/terminals").text
    assert '<html lang="en">' in text
    assert "Worst first" in text
    tab.post("/language", to="zh")
    assert '<html lang="zh-CN">' in tab.get("/terminals").text


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "-1", "%D9%A1"])
def test_an_alarm_of_a_number_that_is_none(
    open_tab: OpenTab, terminal: PracticeTerminal, number: str
) -> None:
    assert open_tab(Role.OPERATOR).post(f"/terminals/{terminal.id}/alarms/{number}/close").status_code == 404


def test_a_case_that_somebody_else_moves_at_the_same_moment(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    tab, cases = open_tab(Role.OPERATOR), office.platform.cases
    move = cases.change_state

    def second(number: str, *told: object) -> bool:
        assert move(number, PlatformState.REJECTED)
        return move(number, *told)  # type: ignore[arg-type]

    monkeypatch.setattr(type(cases), "change_state", lambda _, *told: second(*told))
    answer = tab.post(f"/cases/{receipt}/state", state="accepted", seen="received")
    assert answer.status_code == 409
    assert "办件刚被别人变更过" in answer.text
    assert _state(office, receipt) is PlatformState.REJECTED
