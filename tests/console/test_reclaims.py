"""A case made known again from its slip, and a code for the place of a lost terminal: for whom they are meant."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from kiosk.documents.signed_receipt import new_slip_key, public_half, signed_text
from kiosk.domain.case import PlatformState, new_entry_id
from kiosk.domain.enrolment import Standing
from kiosk.domain.receipt import Receipt, receipt_number
from sync.central.console.acts import Acts
from sync.central.console.roles import Role
from sync.central.reclaim import Reclaims
from sync.central.store import EnrolmentRefused
from sync.central.successors import Succession
from sync.wire import ChainStart, WireEntry
from tests.console.browser import CHROMIUM, DRIVER, sign_in
from tests.console.practice import PracticeTerminal
from tests.console.staff import Office, Tab

OpenTab = Callable[..., Tab]
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="needs chromium and its driver"
)
_CODE = re.compile(r"data-code>([0-9A-Z-]{14})<")


class SlipPrinter:
    """The key that signs a terminal's slips, known to the platform."""

    def __init__(self, office: Office, terminal: PracticeTerminal) -> None:
        self.number, self.key = terminal.number, new_slip_key()
        Reclaims(office.platform.store).tell_key(terminal.id, "slips", public_half(self.key))

    def lost(self, sequence: int = 900) -> tuple[str, str]:
        """Receipt number and slip of a case that never came."""
        entry_id = new_entry_id()
        number = receipt_number(self.number, entry_id)
        return number, self._slip(number, entry_id, sequence, os.urandom(32))

    def of(self, entry: WireEntry, digest: bytes | None = None) -> str:
        """The slip of a case that came; with another digest, of one that says another thing."""
        return self._slip(entry.receipt_number, entry.id, entry.sequence, digest or entry.digest)

    def _slip(self, number: str, entry_id: object, sequence: int, digest: bytes) -> str:
        receipt = Receipt(
            number=number,
            entry_id=entry_id,  # type: ignore[arg-type]
            sequence=sequence,
            received_at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
            service_code="pension-certification",
            digest=digest,
        )
        return signed_text(receipt, self.key)


@pytest.fixture
def slips(office: Office, terminal: PracticeTerminal) -> SlipPrinter:
    return SlipPrinter(office, terminal)


def test_a_lost_case_is_known_again_and_noted(office: Office, open_tab: OpenTab, slips: SlipPrinter) -> None:
    tab = open_tab(Role.OPERATOR)
    number, slip = slips.lost()
    for _ in range(2):
        told = tab.post("/reclaims", text=f" {slip} ").text
        assert "已凭凭条认回" in told
        assert f"/console/cases/{number}" in told
    assert office.platform.cases.progress(number).state is PlatformState.RECEIVED
    assert "只有凭条" in tab.get(f"/cases/{number}").text
    assert number in tab.get("/reclaims").text
    assert office.noted("case_reclaimed") == [("operator.1", number, "reclaimed")] * 2
    assert slip not in str(office.acts.newest(100))


def test_a_case_that_is_here_needs_no_slip(
    open_tab: OpenTab, terminal: PracticeTerminal, slips: SlipPrinter
) -> None:
    entry = terminal.entry()
    terminal.send(entry)
    told = open_tab(Role.OPERATOR).post("/reclaims", text=slips.of(entry)).text
    assert "平台上有这件办件" in told
    assert "与它不符" not in told


def test_a_slip_that_contradicts_what_came_is_told_loudly(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal, slips: SlipPrinter
) -> None:
    tab, entry = open_tab(Role.OPERATOR), terminal.entry()
    terminal.send(entry)
    told = tab.post("/reclaims", text=slips.of(entry, os.urandom(32))).text
    assert "与它不符" in told
    assert "不用再做什么" not in told
    assert "与它不符" in tab.post("/reclaims", text=slips.lost(sequence=entry.sequence)[1]).text
    assert [detail for _, _, detail in office.noted("case_reclaimed")] == ["contradicted"] * 2
    # The paper came first, and then a body that it does not vouch for.
    late = terminal.entry()
    tab.post("/reclaims", text=slips.of(late, os.urandom(32)))
    terminal.send(late)
    assert "收到的内容与凭条不符" in tab.get(f"/cases/{late.receipt_number}").text


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (lambda slip: "", "请扫描凭条上的二维码"),
        (lambda slip: "LINBAN:R:1000011234567890", "不是带签名的凭条"),
        (lambda slip: slip[:-20], "不是带签名的凭条"),
        (lambda slip: slip * 20, "不是带签名的凭条"),
        (lambda slip: slip[:-6] + "000" + slip[-3:], "签名不对"),
        (lambda slip: "<script>alert(1)</script>", "不是带签名的凭条"),
    ],
)
def test_a_slip_that_proves_nothing(
    office: Office, open_tab: OpenTab, slips: SlipPrinter, forge: Callable[[str], str], words: str
) -> None:
    answer = open_tab(Role.OPERATOR).post("/reclaims", text=forge(slips.lost()[1]))
    assert answer.status_code == 422
    assert words in answer.text
    assert "<script>" not in answer.text
    assert office.noted("case_reclaimed") == []
    assert Reclaims(office.platform.store).without_body() == []


def test_a_stranger_s_key_is_noted_as_refused(office: Office, open_tab: OpenTab, slips: SlipPrinter) -> None:
    slips.key = new_slip_key()
    assert "可能是假的" in open_tab(Role.OPERATOR).post("/reclaims", text=slips.lost()[1]).text
    assert office.noted("reclaim_refused") == [("operator.1", "", "unknown-key")]


def test_nothing_is_made_known_that_cannot_be_put_on_record(
    office: Office, open_tab: OpenTab, slips: SlipPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = open_tab(Role.OPERATOR)
    number, slip = slips.lost()

    def fail(*arguments: object) -> None:
        raise RuntimeError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(Acts, "note_in", fail)
        assert tab.post("/reclaims", text=slip).status_code == 500
    assert office.platform.cases.progress(number).state is PlatformState.UNKNOWN
    assert Reclaims(office.platform.store).without_body() == []


def _enrol(office: Office, code: str, after: PracticeTerminal | None) -> str:
    chain = (
        ChainStart(terminal_number=after.number, sequence=after.sequence, digest=after.digest)
        if after
        else None
    )
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    return office.platform.store.enrol(code, key, "370508", "0.4.0", Succession(chain)).terminal_number


def test_a_code_for_the_place_of_a_terminal(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    other = PracticeTerminal(office.platform, "别处")
    tab = open_tab(Role.OPERATOR)
    assert f'name="successor_of" value="{terminal.number}"' in tab.get(f"/terminals/{terminal.id}").text
    told = tab.post("/codes", label="青石村", hours="24", successor_of=terminal.number).text
    found = _CODE.search(told)
    assert found is not None
    assert f"kiosk enrol {found[1]} --again" in told
    assert f"接替 {terminal.number}" in tab.get("/codes").text
    assert office.noted("code_made") == [("operator.1", terminal.number, "24 h")]
    with pytest.raises(EnrolmentRefused, match="another-terminal"):
        _enrol(office, found[1], other)
    new = _enrol(office, found[1], terminal)
    assert new not in (terminal.number, other.number)
    row = office.platform.store
    with row.reading() as run:
        standing = run.execute(
            "select standing from terminal where terminal_id = ?", (terminal.id,)
        ).fetchone()
    assert standing is not None
    assert standing[0] == Standing.SUSPENDED.value
    assert "没有未用的登记码" in tab.get("/codes").text


def test_a_code_for_a_new_terminal_takes_no_place(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    tab = open_tab(Role.OPERATOR)
    found = _CODE.search(tab.post("/codes", label="新站", hours="1", successor_of="").text)
    assert found is not None
    with pytest.raises(EnrolmentRefused, match="not-for-succession"):
        _enrol(office, found[1], terminal)
    for wrong in ("999999", "abc", "<b>"):
        answer = tab.post("/codes", label="新站", hours="1", successor_of=wrong)
        assert answer.status_code == 422
        assert "没有这台终端" in answer.text


def test_a_code_for_a_terminal_that_the_platform_forgot(office: Office, open_tab: OpenTab) -> None:
    """After it was put back from a backup: asked twice, because the number could be a slip of the hand."""
    PracticeTerminal(office.platform, "别处")
    tab = open_tab(Role.OPERATOR)
    first = tab.post("/codes", label="新站", hours="24", successor_of="100007")
    assert first.status_code == 422
    assert "发过这个编号，仍要生成" in first.text
    assert _CODE.search(first.text) is None
    second = tab.post("/codes", label="新站", hours="24", successor_of="100007", forgotten="1")
    assert _CODE.search(second.text) is not None
    assert office.noted("code_made")[0] == ("operator.1", "100007", "24 h, forgotten")
    assert PracticeTerminal(office.platform, "后来").number == "100008"
    third = tab.post("/codes", label="新站", hours="24", successor_of="999999", forgotten="1")
    assert third.status_code == 422
    assert "仍要生成" not in third.text


def test_a_viewer_sees_no_way_to_take_a_place(open_tab: OpenTab, terminal: PracticeTerminal) -> None:
    tab = open_tab(Role.VIEWER)
    assert "接替登记码" not in tab.get(f"/terminals/{terminal.id}").text
    assert "/console/reclaims" not in tab.get("/terminals").text
    assert tab.post("/codes", label="x", hours="1", successor_of=terminal.number).status_code == 403


def test_a_code_for_a_place_is_void_like_any_other(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    tab = open_tab(Role.OPERATOR)
    found = _CODE.search(tab.post("/codes", label="x", hours="1", successor_of=terminal.number).text)
    assert found is not None
    void = re.search(r'action="/console(/codes/[0-9a-f]{64}/revoke)"', tab.get("/codes").text)
    assert void is not None
    assert tab.post(void[1]).status_code == 303
    assert "没有未用的登记码" in tab.get("/codes").text
    with pytest.raises(EnrolmentRefused, match="expired-code"):
        _enrol(office, found[1], terminal)


def _until(browser: WebDriver, words: str) -> None:
    WebDriverWait(browser, 10, 0.05).until(
        lambda driver: words in driver.find_element(By.TAG_NAME, "body").text
    )


@pytest.mark.slow
@needs_chromium
def test_a_slip_is_scanned_in_a_browser(office: Office, browser: WebDriver, slips: SlipPrinter) -> None:
    """A scanner types the text and presses enter."""
    sign_in(browser, office, office.appoint("test.jia", Role.OPERATOR))
    browser.find_element(By.LINK_TEXT, "凭条认回").click()
    number, slip = slips.lost()
    browser.find_element(By.ID, "text").send_keys(slip, Keys.ENTER)
    _until(browser, "已凭凭条认回")
    browser.find_element(By.CSS_SELECTOR, f'#found a[href$="{number}"]').click()
    _until(browser, "只有凭条")


@pytest.mark.slow
@needs_chromium
def test_a_code_for_this_place_is_made_from_the_terminals_page(
    office: Office, browser: WebDriver, terminal: PracticeTerminal
) -> None:
    sign_in(browser, office, office.appoint("test.jia", Role.OPERATOR))
    browser.get(f"{office.url}/console/terminals/{terminal.id}")
    browser.find_element(By.XPATH, "//summary[text()='接替登记码']").click()
    browser.find_element(By.XPATH, "//button[text()='生成，24 小时有效']").click()
    _until(browser, f"只能用来接替终端 {terminal.number}")
    code = browser.find_element(By.CSS_SELECTOR, "[data-code]").text
    assert browser.find_element(By.CSS_SELECTOR, ".shown-once code").text == f"kiosk enrol {code} --again"
    assert _enrol(office, code, terminal) == f"{int(terminal.number) + 1:06d}"
