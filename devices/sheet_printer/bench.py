"""`kiosk bench sheet`: one A4 job by our driver, beside the same file sent by ipptool, on the same printer.

The printer takes no time for its sheets, so that what is measured is what both add to it.  ipptool, the
test tool of the print system, is the yardstick for sending and asking; it proves nothing about sheets.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

from devices.sheet_printer.driver import IppPrinter
from devices.sheet_printer.pdf import compose
from devices.sheet_printer.printer_process import missing_programs
from devices.sheet_printer.simulator import SheetPrinterSimulator
from kiosk.bench.sample import goal, in_turn, summary
from kiosk.documents.page import Align, Page, QrCode, Row, Size, Text
from kiosk.domain.printing import PrintProgress, PrintVerdict

_ROUNDS: Final = 8
_PAGE: Final = Page(
    blocks=(
        Text(text="收件凭条", size=Size.LARGE, align=Align.CENTRE, bold=True),
        Row(label="姓名", value="测试甲"),
        Row(label="收件号", value="0000 0000 0000"),
        QrCode(data="LB1:000000000000"),
    )
)
_TEST: Final = """{{
NAME "print"
OPERATION Print-Job
GROUP operation-attributes-tag
ATTR charset attributes-charset utf-8
ATTR language attributes-natural-language en
ATTR uri printer-uri $uri
ATTR name requesting-user-name bench
ATTR mimeMediaType document-format application/pdf
FILE {file}
STATUS successful-ok
}}
{{
NAME "wait"
OPERATION Get-Job-Attributes
GROUP operation-attributes-tag
ATTR charset attributes-charset utf-8
ATTR language attributes-natural-language en
ATTR uri printer-uri $uri
ATTR integer job-id $job-id
EXPECT job-state WITH-VALUE 9 REPEAT-NO-MATCH
REPEAT-LIMIT 100
DELAY 0.1
}}
"""


def run() -> dict[str, Any]:
    """Seconds from the file to the printer's word, ours and ipptool's in turn; and to set a page."""
    if missing := [*missing_programs(), *(name for name in ("ipptool",) if shutil.which(name) is None)]:
        return {"not_measured": f"missing: {', '.join(missing)}"}
    with tempfile.TemporaryDirectory(prefix="linban-") as folder, SheetPrinterSimulator() as simulator:
        simulator.put(seconds_a_sheet=0.0)
        simulator.start()
        file, script = Path(folder) / "a.pdf", Path(folder) / "print.test"
        file.write_bytes(compose(_PAGE).pdf)
        script.write_text(_TEST.format(file=file), encoding="utf-8")
        driver = IppPrinter(simulator.uri)
        driver.open()
        try:
            seconds = in_turn(
                _ROUNDS,
                ours=lambda: _timed(lambda: _print(driver, file)),
                ipptool=lambda: _timed(lambda: _print_by_ipptool(simulator.uri, script)),
                printer=lambda: _printers_own(simulator, driver, file),
            )
        finally:
            driver.close()
    set_a_page = [_timed(lambda: compose(_PAGE)) for _ in range(3)]
    ours, theirs = summary(seconds["ours"]), summary(seconds["ipptool"])
    return {
        "print_s": ours,
        "ipptool_print_s": theirs,
        "printers_own_s": summary(seconds["printer"]),
        "set_a_page_s": summary(set_a_page),
        "ratio_to_ipptool": goal(ours["median"] / theirs["median"], 1.2, "×"),
        "added_to_the_printers_own_s": goal(ours["median"] - summary(seconds["printer"])["median"], 0.5, "s"),
    }


def _print(driver: IppPrinter, file: Path) -> None:
    outcome = driver.print(file, 1, 30.0, threading.Event(), _unnoticed)
    if outcome.verdict is not PrintVerdict.PRINTED:
        raise RuntimeError(f"not printed: {outcome}")


def _print_by_ipptool(uri: str, script: Path) -> None:
    subprocess.run(["ipptool", "-q", uri, str(script)], check=True, timeout=30, capture_output=True)


def _printers_own(simulator: SheetPrinterSimulator, driver: IppPrinter, file: Path) -> float:
    """What ippeveprinter itself says that a job of ours took."""
    _print(driver, file)
    log = (simulator.process.folder / "printer.log").read_text(encoding="utf-8", errors="replace")
    return float(re.findall(r"Processing time was ([0-9.]+) seconds", log)[-1])


def _timed(action: Any) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def _unnoticed(_progress: PrintProgress) -> None:
    """Nobody looks."""
