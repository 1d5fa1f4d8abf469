"""`kiosk enrol`: register this terminal with the central platform."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kiosk.config import DEFAULT_FILE, load
from kiosk.ipc import IpcClient


@click.command()
@click.argument("code")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=DEFAULT_FILE, show_default=True
)
def enrol(code: str, config_file: Path) -> None:
    """Register this terminal with the one-time CODE that the platform's operator gave.

    The terminal must be running (`kiosk run`): its sync process makes the key, which never leaves it.

    \b
    Example:
      kiosk enrol 4821093377
    """
    settings = load(config_file)
    with IpcClient(settings.sync_socket, timeout_s=30) as client:
        answer = client.call("enrol", code=code)
    if not answer.get("ok"):
        click.echo(f"not registered: {answer.get('fault', 'no reason given')}", err=True)
        sys.exit(1)
    click.echo(f"registered as terminal {answer.get('terminal_number', '')}")
