"""`kiosk doctor`: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from kiosk.catalogue.loader import load_catalogue
from kiosk.commands.attached import devices_found, plugged_in
from kiosk.commands.finding import Finding, Verdict
from kiosk.commands.keys import keys_found
from kiosk.commands.selftest import self_test
from kiosk.config import DEFAULT_FILE, Settings, load
from kiosk.demo.world import NoPseudoTerminals, display_is_there, require_pseudo_terminals
from kiosk.errors import ConfigError, IpcError
from kiosk.ipc import IpcClient

_MIN_FREE_BYTES = 512 * 1024 * 1024


def examine(config_file: Path | None) -> list[Finding]:
    """Every check that fits this machine; with a settings file, the terminal it describes as well."""
    findings = [check() for check in (_python, _sqlite, _sealing, _qt, _fonts, _display, _pseudo_terminals)]
    findings += _tools()
    findings.append(_central())
    findings += plugged_in()
    if config_file is None:
        findings.append(
            Finding(
                subject="settings",
                verdict=Verdict.LIMITED,
                seen=f"no {DEFAULT_FILE}",
                advice="kiosk config example > linban.toml, then kiosk doctor --config linban.toml",
            )
        )
        return findings
    try:
        settings = load(config_file)
    except ConfigError as error:
        advice = "mend that line; kiosk config example shows every key"
        return [*findings, Finding(subject="settings", verdict=Verdict.FAILS, seen=str(error), advice=advice)]
    findings.append(Finding(subject="settings", verdict=Verdict.WORKS, seen=str(config_file)))
    findings += [
        _packs(settings),
        _state_dir(settings),
        *keys_found(settings),
        *devices_found(settings),
        _platform_address(settings),
    ]
    findings += _running(settings)
    return findings


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding(
        subject="python",
        verdict=Verdict.WORKS if good else Verdict.FAILS,
        seen=platform.python_version(),
        advice="" if good else "Python 3.11 or later is needed (Debian 12 has it)",
    )


def _sqlite() -> Finding:
    def look() -> str:
        import sqlcipher3.dbapi2 as sqlite

        from kiosk.journal.database import require_safe_sqlite

        require_safe_sqlite()
        return f"SQLite {sqlite.sqlite_version} with page encryption"

    return _try("journal's SQLite", look, "make run (it installs sqlcipher3 ≥ 0.6.4; never -binary)")


def _sealing() -> Finding:
    def look() -> str:
        import cryptography
        from cryptography.hazmat.primitives import hpke  # noqa: F401

        return f"HPKE of cryptography {cryptography.__version__}"

    return _try("sealing", look, "make run (it installs cryptography ≥ 50)")


def _qt() -> Finding:
    """In a process of its own: a library that Qt misses ends the process, not the doctor."""
    script = "from PySide6 import QtQuick, QtSvg, QtNetwork; from PySide6.QtCore import qVersion; print(qVersion())"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    if answer.returncode == 0:
        return Finding(subject="qt", verdict=Verdict.WORKS, seen=f"Qt {answer.stdout.strip()}")
    last = (answer.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    return Finding(
        subject="qt", verdict=Verdict.FAILS, seen=last, advice="make run installs the libraries that Qt needs"
    )


def _fonts() -> Finding:
    places = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]
    found = next((f for p in places if p.is_dir() for f in p.rglob("NotoSansCJK*")), None)
    if found is not None:
        return Finding(subject="chinese font", verdict=Verdict.WORKS, seen=found.name)
    return Finding(
        subject="chinese font",
        verdict=Verdict.FAILS,
        seen="no Noto Sans CJK",
        advice="apt-get install fonts-noto-cjk",
    )


def _display() -> Finding:
    if display_is_there():
        seen = (
            os.environ.get("WAYLAND_DISPLAY")
            or os.environ.get("DISPLAY")
            or os.environ.get("QT_QPA_PLATFORM", "")
        )
        return Finding(subject="display", verdict=Verdict.WORKS, seen=seen)
    if Path("/dev/dri").exists():
        return Finding(
            subject="display", verdict=Verdict.WORKS, seen="graphics card without a desktop (eglfs)"
        )
    return Finding(
        subject="display",
        verdict=Verdict.LIMITED,
        seen="none",
        advice="kiosk run --demo --vnc 5901, or kiosk demo --out pictures",
    )


def _pseudo_terminals() -> Finding:
    try:
        require_pseudo_terminals()
    except NoPseudoTerminals as missing:
        return Finding(
            subject="pseudo-terminals",
            verdict=Verdict.LIMITED,
            seen=str(missing),
            advice="only simulated devices need them: kiosk demo, kiosk simulate, make test",
        )
    return Finding(subject="pseudo-terminals", verdict=Verdict.WORKS, seen="for simulated devices")


def _tools() -> Iterator[Finding]:
    for name, purpose, package in (
        ("fc-match", "finds fonts", "fontconfig"),
        ("systemctl", "keeps the units", "systemd"),
    ):
        place = shutil.which(name)
        yield Finding(
            subject=name,
            verdict=Verdict.WORKS if place else Verdict.LIMITED,
            seen=place or f"absent ({purpose})",
            advice="" if place else f"apt-get install {package}, if you need it; kiosk run works without",
        )


def _central() -> Finding:
    def look() -> str:
        return f"FastAPI {importlib.import_module('fastapi').__version__}"

    found = _try("central platform", look, "install the extra [central] on the machine that runs it")
    limited = found.verdict is Verdict.FAILS
    return (
        Finding(subject=found.subject, verdict=Verdict.LIMITED, seen=found.seen, advice=found.advice)
        if limited
        else found
    )


def _packs(settings: Settings) -> Finding:
    catalogue = load_catalogue(settings.paths.packs_dir)
    if not catalogue.refused:
        return Finding(
            subject="service packs", verdict=Verdict.WORKS, seen=f"{len(catalogue.packs)} services"
        )
    return Finding(
        subject="service packs",
        verdict=Verdict.LIMITED if catalogue.packs else Verdict.FAILS,
        seen="; ".join(str(error) for error in catalogue.refused),
        advice="kiosk services check names each fault with its line",
    )


def _state_dir(settings: Settings) -> Finding:
    folder = settings.paths.state_dir
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(nearest).free
    if not os.access(nearest, os.W_OK):
        advice = f"give {folder} to the user that runs the terminal"
        return Finding(
            subject="state folder", verdict=Verdict.FAILS, seen=f"{nearest} cannot be written", advice=advice
        )
    enough = free >= _MIN_FREE_BYTES
    return Finding(
        subject="state folder",
        verdict=Verdict.WORKS if enough else Verdict.FAILS,
        seen=f"{folder}, {free // 1024**2:,} MiB free",
        advice="" if enough else "free at least 512 MiB, or the journal will have to refuse cases",
    )


def _platform_address(settings: Settings) -> Finding:
    url = settings.platform.url
    if not url:
        advice = 'url = "https://…" under [platform]; until then cases wait here'
        return Finding(
            subject="central platform's address", verdict=Verdict.LIMITED, seen="not set", advice=advice
        )
    plain = url.startswith("http://") and "127.0.0.1" not in url and "localhost" not in url
    return Finding(
        subject="central platform's address",
        verdict=Verdict.LIMITED if plain else Verdict.WORKS,
        seen=url,
        advice="https:// keeps the traffic from being watched (cases are sealed all the same)"
        if plain
        else "",
    )


def _running(settings: Settings) -> Iterator[Finding]:
    for name, socket in (
        ("devices process", settings.devices_socket),
        ("sync process", settings.sync_socket),
    ):
        try:
            with IpcClient(socket, timeout_s=2) as client:
                status = client.call("status")
            seen = json.dumps(status, ensure_ascii=False)[:120]
            yield Finding(subject=name, verdict=Verdict.WORKS, seen=seen)
        except IpcError as error:
            yield Finding(
                subject=name, verdict=Verdict.LIMITED, seen=error.fault.value, advice="kiosk run starts it"
            )


def _try(subject: str, look: Callable[[], str], advice: str) -> Finding:
    """A check that fails in whatever way its library likes."""
    try:
        return Finding(subject=subject, verdict=Verdict.WORKS, seen=look())
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs in the table
        return Finding(
            subject=subject, verdict=Verdict.FAILS, seen=str(error) or type(error).__name__, advice=advice
        )


@click.command()
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help=f"Settings; default {DEFAULT_FILE}."
)
@click.option(
    "--devices", is_flag=True, help="Let every attached device of the running terminal test itself."
)
@click.option("--print", "on_paper", is_flag=True, help="With --devices: the result as a slip, to be signed.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(config_file: Path | None, devices: bool, on_paper: bool, as_json: bool) -> None:
    """What works on this machine, what does not, and what to do about it. Changes nothing.

    \b
    Examples:
      kiosk doctor
      kiosk doctor --config site.toml --json
      kiosk doctor --devices --print
    """
    if on_paper and not devices:
        raise click.UsageError("--print goes with --devices")
    if devices:
        sys.exit(self_test(load(config_file or DEFAULT_FILE), on_paper, as_json))
    chosen = config_file or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    findings = examine(chosen)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _print_table(findings)
    sys.exit(1 if any(finding.verdict is Verdict.FAILS for finding in findings) else 0)


def _print_table(findings: list[Finding]) -> None:
    signs = {Verdict.WORKS: ("✓", "green"), Verdict.LIMITED: ("–", "yellow"), Verdict.FAILS: ("✗", "red")}
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        sign, colour = signs[finding.verdict]
        verdict = click.style(f"{sign} {finding.verdict.value:<7}", fg=colour)
        click.echo(f"{verdict}  {finding.subject:<{width}}  {finding.seen}")
        if finding.advice:
            click.echo(f"{'':<{width + 13}}→ {finding.advice}")
