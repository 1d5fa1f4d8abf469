"""`kiosk bench start`: from the icon to the attract page, and what the terminal costs while nobody is there.

Yardsticks in the same run: the smallest PySide6 page with the same words, and Chromium with the same page.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kiosk.bench.sample import goal, in_turn, summary
from kiosk.demo.world import OFFSCREEN, make_world, processes
from kiosk.supervisor import Supervisor

_ROUNDS = 7
_PATIENCE_S = 30.0
_IDLE_S = 20.0
_PROCESSES = ("ui", "devices", "sync")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>attract</title>
<body style="margin:0;background:#FBFAF6;color:#1B2A33;font-family:'Noto Sans CJK SC';text-align:center">
<h1 style="font-size:96px;margin-top:500px">邻办</h1><p style="font-size:48px">您好，请点这里开始</p>
<button style="font-size:48px;padding:40px 160px;background:#0B5C7A;color:#fff;border:0;border-radius:16px">开始</button>
<script>requestAnimationFrame(() => requestAnimationFrame(() => fetch('/painted')))</script></body></html>"""


def run() -> dict[str, Any]:
    """All figures of the start, with their goals."""
    chromium = next((place for name in _CHROMIUM if (place := shutil.which(name))), None)
    with tempfile.TemporaryDirectory(prefix="linban-") as folder:
        world = make_world(Path(folder), face_environment=OFFSCREEN)
        face = [sys.executable, "-m", "ui", "--config", str(world.config_file)]
        contestants = {
            "face": lambda: _until_ready(face),
            "minimal_page": lambda: _until_ready([sys.executable, "-m", "ui.yardstick"]),
        }
        if chromium is not None:
            profile = Path(folder) / "chromium"
            contestants["chromium"] = lambda: _until_painted(chromium, profile)
        values = in_turn(_ROUNDS, **contestants)
    medians = {name: summary(times)["median"] for name, times in values.items()}
    report: dict[str, Any] = {f"{name}_first_paint_s": summary(times) for name, times in values.items()}
    report["ratio_to_minimal_page"] = goal(medians["face"] / medians["minimal_page"], 1.5, "×")
    if chromium is not None:
        report["ratio_to_chromium"] = goal(medians["face"] / medians["chromium"], 0.6, "×")
    else:
        report["ratio_to_chromium"] = "Chromium is not installed here: apt-get install chromium"
    return {**report, **_whole_terminal()}


def _whole_terminal() -> dict[str, Any]:
    """Icon to attract page of everything together, then memory and processor time at rest."""
    icon = summary([_until_ready([sys.executable, "-m", "kiosk", "run", "--demo"]) for _ in range(5)])
    with _terminal() as supervisor:
        pids = {name: supervisor.pid(name) or 0 for name in _PROCESSES}
        _wait(5)  # the late loading after the first page is over by then
        before = {name: _cpu_s(pid) for name, pid in pids.items()}
        _wait(_IDLE_S)
        cpu = {name: (_cpu_s(pid) - before[name]) / _IDLE_S * 100 for name, pid in pids.items()}
        memory = {name: _rss_mib(pid) for name, pid in pids.items()}
    return {
        "icon_to_attract_s": {**icon, "goal": goal(icon["median"], 1.5, "s")},
        "ui_rss": goal(memory["ui"], 180, "MiB"),
        "rss_mib": {name: round(value, 1) for name, value in memory.items()},
        "idle_cpu": goal(sum(cpu.values()), 3.0, "% of a core"),
        "idle_agent_cpu": goal(cpu["sync"], 0.5, "% of a core"),
        "idle_cpu_percent": {name: round(value, 2) for name, value in cpu.items()},
    }


@contextlib.contextmanager
def _terminal() -> Iterator[Supervisor]:
    """A whole demonstration terminal whose attract page is painted."""
    with tempfile.TemporaryDirectory(prefix="linban-") as folder:
        world = make_world(Path(folder), face_environment=OFFSCREEN)
        supervisor = Supervisor(processes(world), world.run_dir)
        thread = threading.Thread(target=supervisor.run, name="supervisor")
        thread.start()
        try:
            deadline = time.monotonic() + _PATIENCE_S
            while any(supervisor.ready_at(name) is None for name in _PROCESSES):
                if time.monotonic() > deadline:
                    raise TimeoutError("the terminal did not come up")
                _wait(0.02)
            yield supervisor
        finally:
            supervisor.stop()
            thread.join()


def _until_ready(arguments: list[str]) -> float:
    """Seconds from exec to READY, which the process sends after its first painted frame."""
    with tempfile.TemporaryDirectory(prefix="linban-") as folder:
        address = Path(folder) / "notify.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(str(address))
            receiver.settimeout(_PATIENCE_S)
            environment = {**os.environ, **OFFSCREEN, "NOTIFY_SOCKET": str(address)}
            started = time.monotonic()
            with subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL) as process:
                while b"READY=1" not in receiver.recv(4096):
                    pass
                seconds = time.monotonic() - started
                process.terminate()
    return seconds


def _until_painted(chromium: str, profile: Path) -> float:
    """Seconds from exec to the second animation frame of the same page in Chromium (its profile kept warm)."""
    painted = threading.Event()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/painted":
                painted.set()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_PAGE.encode("utf-8"))

        def log_message(self, *_: object) -> None:
            """Silence: its lines would be taken for ours."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, name="page", daemon=True).start()
        arguments = [
            chromium,
            *(
                "--headless=new",
                "--no-sandbox",
                "--kiosk",
                "--disable-gpu",
                "--no-first-run",
                "--disable-sync",
            ),
            *("--disable-background-networking", "--disable-component-update", "--window-size=1080,1920"),
            f"--user-data-dir={profile}",
            f"http://127.0.0.1:{server.server_address[1]}/",
        ]
        started = time.monotonic()
        browser = subprocess.Popen(
            arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            if not painted.wait(_PATIENCE_S):
                raise TimeoutError("Chromium did not paint")
            return time.monotonic() - started
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            browser.wait()
            server.shutdown()


def _cpu_s(pid: int) -> float:
    """Processor seconds of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
