"""A real Chromium without a screen."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from tests.console.staff import Office, Person

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@contextlib.contextmanager
def chromium(
    width: int = 1366,
    height: int = 768,
    scale: float = 1.0,
    downloads: Path | None = None,
    language: str = "zh-CN",
    scripts: bool = True,
) -> Iterator[WebDriver]:
    """A window of that many device pixels; `scale` 2 is what a person gets who zooms to 200 %."""
    options = Options()
    assert CHROMIUM and DRIVER
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-background-networking",
        "--no-first-run",
        f"--lang={language}",
        f"--window-size={width},{height}",
    ):
        options.add_argument(argument)
    wishes: dict[str, object] = {"intl.accept_languages": language}
    if downloads is not None:
        wishes["download.default_directory"] = str(downloads)
    options.add_experimental_option("prefs", wishes)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.implicitly_wait(5)
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": round(width / scale),
            "height": round(height / scale),
            "deviceScaleFactor": scale,
            "mobile": False,
        },
    )
    if not scripts:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        yield driver
    finally:
        driver.quit()


def sign_in(driver: WebDriver, office: Office, person: Person) -> None:
    """Through the form, with the keyboard."""
    driver.get(f"{office.url}/console/")
    driver.find_element(By.ID, "name").send_keys(person.name, Keys.TAB, person.password, Keys.TAB)
    driver.switch_to.active_element.send_keys(office.code(person), Keys.ENTER)
    driver.find_element(By.CSS_SELECTOR, ".who")
