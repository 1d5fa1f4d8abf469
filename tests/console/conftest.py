"""A platform with a console on loopback, people who work at it, and a Chromium where a browser must judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from kiosk.clock import ManualClock
from sync.central.console.roles import Role
from sync.central.server import build_platform, serving
from tests.console.browser import CHROMIUM, DRIVER, chromium
from tests.console.practice import PracticeTerminal
from tests.console.staff import Office, Tab


@pytest.fixture
def database(tmp_path: Path) -> Path | str:
    """Where the platform keeps what it knows; a module that tries another engine says so."""
    return tmp_path / "central.db"


@pytest.fixture
def office(tmp_path: Path, database: Path | str) -> Iterator[Office]:
    clock = ManualClock()
    platform = build_platform(database, tmp_path, clock)
    with serving(platform) as url:
        yield Office(platform, clock, url)
    platform.store.close()


@pytest.fixture
def open_tab(office: Office) -> Iterator[Callable[..., Tab]]:
    tabs: list[Tab] = []

    def make(role: Role | None = None, language: str = "zh-CN") -> Tab:
        tabs.append(Tab(office, language))
        if role is not None:
            name = f"{role.value}.{len(tabs)}"
            assert tabs[-1].sign_in(office.appoint(name, role)).status_code == 303
        return tabs[-1]

    yield make
    for tab in tabs:
        tab.close()


@pytest.fixture
def terminal(office: Office) -> PracticeTerminal:
    """One enrolled terminal that has been heard of."""
    made = PracticeTerminal(office.platform, "青石村便民服务站")
    made.report()
    return made


@pytest.fixture(scope="session")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs chromium and chromium-driver")
    with chromium(downloads=tmp_path_factory.getbasetemp() / "downloads") as driver:
        yield driver


@pytest.fixture
def browser(shared_browser: WebDriver) -> WebDriver:
    """As new: nobody is signed in."""
    shared_browser.delete_all_cookies()
    return shared_browser
