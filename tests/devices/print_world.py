"""Real printers for tests: an ippeveprinter, a private cupsd before it, and a server that misbehaves."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from devices.sheet_printer.driver import IppPrinter
from devices.sheet_printer.printer_process import missing_programs
from devices.sheet_printer.simulator import SheetPrinterSimulator
from kiosk.documents.page import Align, Gap, Page, QrCode, Row, Size, Text
from kiosk.domain.printing import PrintFault, PrintOutcome, PrintProgress, PrintVerdict

needs_printer = pytest.mark.skipif(bool(missing_programs()), reason="ippeveprinter is not installed")

PRINTED = PrintOutcome(verdict=PrintVerdict.PRINTED)
ONE_SHEET = Page(
    blocks=(
        Text(text="收件凭条", size=Size.LARGE, align=Align.CENTRE, bold=True),
        Row(label="姓名", value="测试甲"),
        QrCode(data="LB1:410722360815"),
    )
)
TWO_SHEETS = Page(blocks=(*ONE_SHEET.blocks, Gap(height_mm=290), Text(text="第二张")))


def failed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.FAILED, fault=fault)


def unconfirmed(fault: PrintFault) -> PrintOutcome:
    return PrintOutcome(verdict=PrintVerdict.UNCONFIRMED, fault=fault)


def never() -> threading.Event:
    return threading.Event()


def unnoticed(_progress: PrintProgress) -> None:
    """Nobody looks."""


@contextlib.contextmanager
def a_printer(**options: Any) -> Iterator[SheetPrinterSimulator]:
    """A simulated printer that is fast."""
    with SheetPrinterSimulator(**options) as simulator:
        simulator.put(seconds_a_sheet=0.1)
        simulator.start()
        yield simulator


@contextlib.contextmanager
def a_driver(uri: str, spooler_uri: str = "", **options: Any) -> Iterator[IppPrinter]:
    driver = IppPrinter(uri, spooler_uri, **options)
    driver.open()
    try:
        yield driver
    finally:
        driver.close()


class Watcher:
    """Does something the first time that a job is in a certain state."""

    def __init__(self, condition: Callable[[PrintProgress], bool], action: Callable[[], object]) -> None:
        self.seen: list[PrintProgress] = []
        self._condition, self._action, self._done = condition, action, False

    def __call__(self, progress: PrintProgress) -> None:
        if not self.seen or self.seen[-1] != progress:
            self.seen.append(progress)
        if not self._done and self._condition(progress):
            self._done = True
            self._action()


_CUPSD_CONF = """
Listen 127.0.0.1:{port}
Browsing No
DefaultAuthType None
WebInterface No
LogLevel debug
PreserveJobFiles {keep}
<Location />
Order allow,deny
Allow 127.0.0.1
</Location>
{policy}
"""
_OPEN_POLICY = """
<Policy default>
<Limit All>
Order allow,deny
Allow 127.0.0.1
</Limit>
</Policy>
"""
STRICT_POLICY = """
<Policy default>
<Limit Create-Job Print-Job Print-URI Validate-Job>
Order deny,allow
</Limit>
<Limit Send-Document Send-URI Hold-Job Release-Job Cancel-Job Cancel-My-Jobs>
Require user @OWNER @SYSTEM
Order deny,allow
</Limit>
<Limit Purge-Jobs Resume-Printer Pause-Printer>
AuthType Basic
Require user @SYSTEM
Order deny,allow
</Limit>
<Limit All>
Order deny,allow
</Limit>
</Policy>
"""
"""As a fresh installation has it: a job belongs to its owner, a queue to the administrator."""
SILENT_POLICY = STRICT_POLICY.replace("Cancel-My-Jobs>", "Cancel-My-Jobs Get-Jobs Get-Job-Attributes>")
"""Stricter still: nobody is told which jobs there are."""
_CUPS_FILES_CONF = """
{account}
ServerRoot {folder}/conf
RequestRoot {folder}/spool
CacheDir {folder}/cache
StateDir {folder}/run
TempDir {folder}/tmp
ErrorLog {folder}/error_log
AccessLog {folder}/access_log
PageLog {folder}/page_log
"""


class PrivateCups:
    """A cupsd of its own, with one queue; listens on this machine only."""

    def __init__(
        self, printer_uri: str, bus: Path, keep_files: bool = True, policy: str = _OPEN_POLICY
    ) -> None:
        # Its backends run as another user, and must reach the spool: not below pytest's private folder.
        self.folder = Path(tempfile.mkdtemp(prefix="linban-cups-"))
        self.folder.chmod(0o755)
        for name in ("conf", "spool", "cache", "run", "tmp"):
            (self.folder / name).mkdir()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        account = "User lp\nGroup lp\nSystemGroup root" if os.geteuid() == 0 else ""
        conf, files = self.folder / "conf" / "cupsd.conf", self.folder / "conf" / "cups-files.conf"
        conf.write_text(_CUPSD_CONF.format(port=self.port, keep="Yes" if keep_files else "No", policy=policy))
        files.write_text(_CUPS_FILES_CONF.format(folder=self.folder, account=account))
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, group="lp")
        self._command = ("/usr/sbin/cupsd", "-f", "-c", str(conf), "-s", str(files))
        self._bus = bus
        self._log = (self.folder / "out").open("wb")
        self._ended = False
        self._daemon = self._launch()
        try:
            self._wait(self._listens)
            self.admin("lpadmin", "-p", "A4", "-E", "-v", printer_uri, "-m", "everywhere")
        except BaseException:
            self.close()
            raise

    @property
    def uri(self) -> str:
        return f"ipp://127.0.0.1:{self.port}/printers/A4"

    def admin(self, *command: str) -> str:
        environment = os.environ | {"CUPS_SERVER": f"127.0.0.1:{self.port}"}
        places = {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
        done = subprocess.run(
            command, env=environment | places, capture_output=True, text=True, timeout=20, check=True
        )
        return done.stdout

    def stop(self, in_order: bool = False) -> None:
        """End it and its backends; it says goodbye to nobody, and writes its state down only in order."""
        if self._ended:
            return
        if in_order:
            self._daemon.terminate()
            self._daemon.wait(timeout=10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._daemon.pid, signal.SIGKILL)
        self._daemon.wait()
        self._ended = True

    def start(self) -> None:
        """Start it again after `stop`; returns when it listens."""
        if self._ended:
            self._daemon, self._ended = self._launch(), False
            self._wait(self._listens)

    def documents(self) -> list[str]:
        """Files of jobs that lie in the spool: documents and the notes about them."""
        return sorted(path.name for path in (self.folder / "spool").iterdir() if path.name[0] in "cd")

    def close(self) -> None:
        self.stop()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdout=self._log,
            stderr=self._log,
            env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self._bus}"},
            start_new_session=True,
        )

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _wait(self, ready: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(1000):
            if ready():
                return
            assert self._daemon.poll() is None, (self.folder / "out").read_text()
            pause.wait(0.02)
        raise AssertionError("cupsd does not listen")


@contextlib.contextmanager
def a_queue(simulator: SheetPrinterSimulator, **options: Any) -> Iterator[PrivateCups]:
    cups = PrivateCups(simulator.uri, simulator.process.folder / "bus", **options)
    try:
        yield cups
    finally:
        cups.close()


class BadServer:
    """A TCP server on this machine; `behave` gets each connection, after the first request's head."""

    def __init__(self, behave: Callable[[socket.socket, bytes], None]) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def uri(self) -> str:
        return f"ipp://127.0.0.1:{self._listener.getsockname()[1]}/ipp/print"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                line, _ = self._listener.accept()
            except TimeoutError:
                continue
            with line:
                line.settimeout(5)
                with contextlib.suppress(OSError):
                    self._serve(line)

    def _serve(self, line: socket.socket) -> None:
        while (request := read_request(line)) is not None and not self._ending.is_set():
            self._behave(line, request)


def read_request(line: socket.socket) -> bytes | None:
    """The body of one request; None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = line.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")
    )
    while len(body) < length:
        part = line.recv(65536)
        if not part:
            return None
        body += part
    return body


def http(body: bytes, status: str = "200 OK", kind: str = "application/ipp") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
