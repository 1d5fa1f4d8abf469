"""The main ways through the console in a real Chromium, without a mouse where a person may have none."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyotp
import pytest
import zxingcpp
from PIL import Image
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import Select, WebDriverWait

from kiosk.domain.case import PlatformState
from sync.central.console.accounts import FREE_TRIES
from sync.central.console.roles import Role
from tests.console.browser import CHROMIUM, DRIVER, chromium, sign_in
from tests.console.practice import PracticeTerminal
from tests.console.staff import Office, Person

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs chromium and chromium-driver"),
]


@pytest.fixture
def operator(office: Office) -> Person:
    return office.appoint("test.jia", Role.OPERATOR)


def _text(browser: WebDriver) -> str:
    return browser.find_element(By.TAG_NAME, "main").text


def _press(browser: WebDriver, selector: str) -> None:
    browser.find_element(By.CSS_SELECTOR, selector).click()


def _until(browser: WebDriver, words: str) -> None:
    # The page may be on its way out while it is read.
    patience = WebDriverWait(browser, 10, 0.05, ignored_exceptions=[StaleElementReferenceException])
    patience.until(lambda driver: words in _text(driver))


def _tab_to(browser: WebDriver, words: str) -> None:
    """Press the tab key until what is called `words` has the focus, and see that it shows."""
    for _ in range(80):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        focused = browser.switch_to.active_element
        name = focused.get_attribute("aria-label") or focused.text or focused.get_attribute("id") or ""
        if words in name:
            outline = focused.value_of_css_property("outline-style")
            assert outline == "solid", f"the focus on {words} cannot be seen"
            return
    raise AssertionError(f"the tab key does not get to {words!r}")


def test_signing_in_with_a_code_and_being_locked_out(
    office: Office, browser: WebDriver, operator: Person
) -> None:
    browser.get(f"{office.url}/console/")
    for _ in range(FREE_TRIES):
        browser.find_element(By.ID, "name").clear()
        browser.find_element(By.ID, "name").send_keys(operator.name)
        browser.find_element(By.ID, "password").send_keys("wrong words")
        browser.find_element(By.ID, "code").send_keys("000000", Keys.ENTER)
        _until(browser, "用户名、密码或动态码不对。")
    browser.find_element(By.ID, "password").send_keys(operator.password)
    browser.find_element(By.ID, "code").send_keys("000000", Keys.ENTER)
    _until(browser, "试得太多")
    office.clock.advance(60)
    sign_in(browser, office, operator)
    assert browser.current_url.endswith("/console/terminals")
    cookie = browser.get_cookie("linban_console")
    assert cookie is not None
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    _press(browser, ".who form button")
    _until(browser, "登录")
    browser.get(f"{office.url}/console/terminals")
    assert browser.current_url.endswith("/console/sign-in")


def test_a_case_is_found_and_returned_by_keyboard_alone(
    office: Office, browser: WebDriver, operator: Person, terminal: PracticeTerminal
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    sign_in(browser, office, operator)
    _tab_to(browser, "跳到正文")
    _tab_to(browser, "办件")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    _until(browser, "最近收到的办件")
    _tab_to(browser, "receipt")
    browser.switch_to.active_element.send_keys(receipt, Keys.ENTER)
    _until(browser, "群众填写的内容")
    assert "测试甲" not in _text(browser)
    for _ in range(40):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        if browser.switch_to.active_element.get_attribute("type") == "radio":
            break
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert browser.switch_to.active_element.get_attribute("value") == "returned"
    browser.switch_to.active_element.send_keys(Keys.TAB, "请带上户口簿")
    browser.find_element(By.ID, "words").send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    _until(browser, "状态已变更")
    assert "请带上户口簿" in _text(browser)
    assert office.platform.cases.progress(receipt).state is PlatformState.RETURNED


def test_a_stale_form_is_refused_and_says_what_to_do(
    office: Office, browser: WebDriver, operator: Person
) -> None:
    sign_in(browser, office, operator)
    browser.get(f"{office.url}/console/codes")
    browser.execute_script("document.querySelector('main [name=form_token]').value = 'f'.repeat(64)")
    browser.find_element(By.ID, "label").send_keys("青石村", Keys.ENTER)
    _until(browser, "表单已失效")
    assert office.noted("code_made") == []


def test_search_requeue_and_suspend(
    office: Office, browser: WebDriver, operator: Person, terminal: PracticeTerminal
) -> None:
    terminal.send(terminal.entry(spoil=True))
    PracticeTerminal(office.platform, "别处").report()
    sign_in(browser, office, operator)
    browser.find_element(By.ID, "search").send_keys(terminal.number)
    Select(browser.find_element(By.ID, "order")).select_by_value("number")
    _press(browser, "form[role=search] button")
    _until(browser, "共 1 台")
    _press(browser, "tbody a")
    _until(browser, "登记与链条")
    _press(browser, ".acts summary.danger")
    _press(browser, ".acts form[action$='/suspend'] button")
    _until(browser, "终端已停用")
    browser.get(f"{office.url}/console/entries")
    _press(browser, "tbody form button")
    _until(browser, "问题仍在")


def test_a_code_is_made_and_the_ledger_downloaded(
    office: Office,
    browser: WebDriver,
    operator: Person,
    terminal: PracticeTerminal,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    sign_in(browser, office, operator)
    browser.get(f"{office.url}/console/codes")
    browser.find_element(By.ID, "label").send_keys("柳林镇", Keys.ENTER)
    code = browser.find_element(By.CSS_SELECTOR, "[data-code]")
    assert code.size["height"] >= 50, "large enough to be read from across the table"
    browser.get(f"{office.url}/console/ledger?day=2026-11-22")
    _press(browser, "a[download]")
    file = tmp_path_factory.getbasetemp() / "downloads" / "linban-ledger-2026-11-22.csv"
    WebDriverWait(browser, 10, 0.05).until(lambda _: file.exists() and file.stat().st_size > 0)
    rows = list(csv.reader(io.StringIO(Path(file).read_text(encoding="utf-8-sig"))))
    assert rows[1][2].replace(" ", "") == receipt


def test_the_code_of_a_new_account_can_be_scanned_off_the_screen(office: Office, browser: WebDriver) -> None:
    sign_in(browser, office, office.appoint("wang.wu", Role.ADMINISTRATOR))
    browser.get(f"{office.url}/console/accounts")
    browser.find_element(By.ID, "name").send_keys("a.long.name-of-somebody.else", Keys.ENTER)
    picture = browser.find_element(By.CSS_SELECTOR, ".qr").screenshot_as_png
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"))
    told = browser.find_element(By.CSS_SELECTOR, "[data-uri]").text
    assert [code.text for code in read] == [told]
    assert pyotp.parse_uri(told).name == "a.long.name-of-somebody.else"


def test_no_page_breaks_its_own_policy_or_runs_over_at_200_percent(
    office: Office, operator: Person, terminal: PracticeTerminal
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    for hour in range(3):
        office.clock.advance(3600)
        terminal.report(pending=hour)
    with chromium(scale=2.0) as browser:
        sign_in(browser, office, operator)
        for path in (
            "/terminals",
            f"/terminals/{terminal.id}",
            "/cases",
            f"/cases/{receipt}",
            "/entries",
            "/ratings",
            "/tickets",
            "/codes",
            "/ledger",
            "/password",
        ):
            browser.get(f"{office.url}/console{path}")
            wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{path} must be scrolled sideways"
            colour = browser.find_element(By.CSS_SELECTOR, ".bar").value_of_css_property("background-color")
            assert colour in ("rgba(10, 79, 105, 1)", "rgb(10, 79, 105)"), "the style sheet did not come"
        log = browser.get_log("browser")  # type: ignore[attr-defined]
        assert [entry for entry in log if entry["level"] == "SEVERE"] == []


def test_it_works_with_scripts_turned_off(
    office: Office, operator: Person, terminal: PracticeTerminal
) -> None:
    with chromium(scripts=False) as browser:
        sign_in(browser, office, operator)
        browser.get(f"{office.url}/console/terminals/{terminal.id}")
        _press(browser, ".acts summary.danger")
        _press(browser, ".acts form[action$='/suspend'] button")
        _until(browser, "终端已停用")
