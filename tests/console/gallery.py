"""`python -m tests.console.gallery FOLDER [PART…]`: every page of the console as pictures, to look at.

Each at 1366 × 768, whole, and at 200 % zoom, with a fleet of practice; and the ledger as it is printed.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from kiosk.clock import ManualClock
from sync.central.console.roles import Role
from sync.central.server import build_platform, serving
from tests.console.browser import chromium, sign_in
from tests.console.practice import PracticeTerminal, fill
from tests.console.staff import Office

_TALLEST = 4000


def main() -> None:
    """Paint."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, practice_office(Path(place)) as (office, fleet):
        for name, scale, language in (("", 1.0, "zh-CN"), ("zoom-", 2.0, "zh-CN"), ("en-", 1.0, "en")):
            if sys.argv[2:] and (name or "plain") not in sys.argv[2:]:
                continue
            with chromium(scale=scale, language=language) as driver:
                paint(driver, office, fleet, folder, name, scale)


@contextmanager
def practice_office(folder: Path) -> Iterator[tuple[Office, list[PracticeTerminal]]]:
    """A platform with a fleet and staff, served."""
    clock = ManualClock()
    platform = build_platform(folder / "central.db", folder, clock)
    with serving(platform) as url:
        office = Office(platform, clock, url)
        fleet = fill(platform, clock)
        for role in Role:
            office.appoint(f"{role.value[:3]}.zhang", role)
        yield office, fleet
    platform.store.close()


def paint(
    driver: WebDriver, office: Office, fleet: list[PracticeTerminal], folder: Path, mark: str, scale: float
) -> None:
    """All pages in one browser."""

    def picture(name: str, path: str | None = None) -> None:
        if path is not None:
            driver.get(f"{office.url}/console{path}")
        height = min(driver.execute_script("return document.documentElement.scrollHeight"), _TALLEST)
        shot = driver.execute_cdp_cmd(
            "Page.captureScreenshot",
            {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": round(1366 / scale), "height": height, "scale": 1},
            },
        )
        (folder / f"{mark}{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def leave() -> None:
        driver.find_element(By.CSS_SELECTOR, ".who form button").click()

    picture("01-sign-in", "/sign-in")
    sign_in(driver, office, office.people["ope.zhang"])
    picture("02-fleet", "/terminals")
    picture("03-fleet-filtered", "/terminals?alert=silent")
    picture("04-terminal", f"/terminals/{fleet[0].id}")
    picture("05-terminal-cloned", f"/terminals/{fleet[12].id}")
    driver.find_element(By.CSS_SELECTOR, ".acts summary").click()
    picture("06-terminal-lift")
    picture("07-cases", "/cases")
    with office.platform.store.reading() as run:
        rows = run.execute("select receipt_number, state from case_record order by receipt_number").fetchall()
    returned = next(row[0] for row in rows if row[1] == "returned")
    received = next(row[0] for row in rows if row[1] == "received")
    picture("08-case", f"/cases/{received}")
    driver.find_element(By.CSS_SELECTOR, "input[value=returned]").click()
    driver.find_element(By.ID, "words").send_keys("请带上户口簿再来一次：上次的照片看不清。")
    driver.find_element(By.CSS_SELECTOR, "form.stacked button").click()
    picture("09-case-returned")
    driver.get(f"{office.url}/console/cases/{returned}")
    driver.find_element(By.ID, "reason").send_keys("群众来电核对地址")
    driver.find_element(By.CSS_SELECTOR, "form.tight button").click()
    picture("10-case-shown")
    picture("11-case-not-found", "/cases?receipt=1234567890123456")
    picture("12-entries", "/entries")
    picture("13-ratings", "/ratings")
    picture("14-tickets", "/tickets")
    driver.get(f"{office.url}/console/codes")
    driver.find_element(By.ID, "label").send_keys("青石村便民服务站")
    driver.find_element(By.CSS_SELECTOR, "form.card button").click()
    picture("15-codes")
    day = office.clock.now().date().isoformat()
    picture("16-ledger", f"/ledger?day={day}")
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    (folder / f"{mark}16-ledger.pdf").write_bytes(base64.b64decode(printed["data"]))
    leave()
    sign_in(driver, office, office.people["pub.zhang"])
    picture("17-catalogue", "/catalogue")
    leave()
    sign_in(driver, office, office.people["adm.zhang"])
    driver.get(f"{office.url}/console/accounts")
    driver.find_element(By.ID, "name").send_keys(f"wang.wu{mark.strip('-')}")
    driver.find_element(By.CSS_SELECTOR, "form.card button").click()
    picture("18-accounts")
    picture("19-refused", "/cases")
    picture("20-password", "/password")
    leave()
    sign_in(driver, office, office.people["aud.zhang"])
    picture("21-audit", "/audit?check=1")
    leave()


if __name__ == "__main__":
    main()
