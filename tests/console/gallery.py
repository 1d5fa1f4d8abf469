"""`python -m tests.console.gallery FOLDER [PART…]`: every page of the console as pictures, to look at.

Each at 1366 × 768, whole, and at 200 % zoom, with a fleet of practice; and the ledger as it is printed.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
                paint(Painter(driver, office, folder, name, scale), fleet)


@contextmanager
def practice_office(folder: Path) -> Iterator[tuple[Office, list[PracticeTerminal]]]:
    """A platform with a fleet and staff, served."""
    clock = ManualClock()
    platform = build_platform(folder / "central.db", folder, clock)
    with serving(platform) as url:
        office = Office(platform, clock, url)
        fleet = fill(platform, clock)
        for role in Role:
            office.appoint(f"{role.value[:3]}.jia", role)
        yield office, fleet
    platform.store.close()


@dataclass
class Painter:
    """Takes pictures in one browser."""

    driver: WebDriver
    office: Office
    folder: Path
    mark: str
    scale: float

    def picture(self, name: str, path: str | None = None) -> None:
        """The whole page, as long as it is."""
        if path is not None:
            self.go(path)
        height = min(self.driver.execute_script("return document.documentElement.scrollHeight"), _TALLEST)
        clip = {"x": 0, "y": 0, "width": round(1366 / self.scale), "height": height, "scale": 1}
        wish = {"captureBeyondViewport": True, "clip": clip}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", wish)
        (self.folder / f"{self.mark}{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def go(self, path: str) -> None:
        self.driver.get(f"{self.office.url}/console{path}")

    def press(self, selector: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def fill(self, field: str, words: str) -> None:
        self.driver.find_element(By.ID, field).send_keys(words)

    @contextmanager
    def as_person(self, name: str) -> Iterator[None]:
        sign_in(self.driver, self.office, self.office.people[name])
        yield
        self.press(".who form button")


def paint(painter: Painter, fleet: list[PracticeTerminal]) -> None:
    """All pages."""
    painter.picture("01-sign-in", "/sign-in")
    with painter.as_person("ope.jia"):
        _paint_fleet(painter, fleet)
        _paint_cases(painter)
        _paint_rest(painter)
    with painter.as_person("pub.jia"):
        painter.picture("17-catalogue", "/catalogue")
    with painter.as_person("adm.jia"):
        painter.go("/accounts")
        painter.fill("name", f"wang.wu{painter.mark.strip('-')}")
        painter.press("form.card button")
        painter.picture("18-accounts")
        painter.picture("19-refused", "/cases")
        painter.picture("20-password", "/password")
    with painter.as_person("aud.jia"):
        painter.picture("21-audit", "/audit?check=1")


def _paint_fleet(painter: Painter, fleet: list[PracticeTerminal]) -> None:
    painter.picture("02-fleet", "/terminals")
    painter.picture("03-fleet-filtered", "/terminals?alert=silent")
    painter.picture("04-terminal", f"/terminals/{fleet[0].id}")
    painter.picture("05-terminal-cloned", f"/terminals/{fleet[12].id}")
    painter.press(".acts details:last-child summary")
    painter.picture("06-terminal-lift")


def _paint_cases(painter: Painter) -> None:
    painter.picture("07-cases", "/cases")
    with painter.office.platform.store.reading() as run:
        rows = run.execute("select receipt_number, state from case_record order by receipt_number").fetchall()
    returned = next(row[0] for row in rows if row[1] == "returned")
    received = next(row[0] for row in rows if row[1] == "received")
    painter.picture("08-case", f"/cases/{received}")
    painter.press("input[value=returned]")
    painter.fill("words", "请带上户口簿再来一次：上次的照片看不清。")
    painter.press("form.stacked button")
    painter.picture("09-case-returned")
    painter.go(f"/cases/{returned}")
    painter.fill("reason", "群众来电核对地址")
    painter.press("form.tight button")
    painter.picture("10-case-shown")
    painter.picture("11-case-not-found", "/cases?receipt=1234567890123456")


def _paint_rest(painter: Painter) -> None:
    painter.picture("12-entries", "/entries")
    painter.picture("22-reclaims", "/reclaims")
    painter.picture("13-ratings", "/ratings")
    painter.picture("14-tickets", "/tickets")
    painter.go("/codes")
    painter.fill("label", "青石村便民服务站")
    painter.press("form.card button")
    painter.picture("15-codes")
    painter.picture("16-ledger", f"/ledger?day={painter.office.clock.now().date().isoformat()}")
    printed = painter.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    (painter.folder / f"{painter.mark}16-ledger.pdf").write_bytes(base64.b64decode(printed["data"]))


if __name__ == "__main__":
    main()
