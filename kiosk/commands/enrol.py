"""`kiosk enrol`: register this terminal with the central platform."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kiosk.config import DEFAULT_FILE, load
from kiosk.ipc import IpcClient

_SENTENCES = {
    "key_lost": "the key of this terminal is gone; kiosk enrol CODE --again, with a code for this terminal's place",
    "unknown-code": "the platform does not know this code",
    "used-code": "this code was used by another terminal",
    "expired-code": "this code is too old; ask for a new one",
    "too-many-tries": "too many wrong codes; wait ten minutes",
    "not-for-succession": "this code enrols a new terminal; ask for one for the place of this terminal's number",
    "another-terminal": "this code is for the place of another terminal",
    "no_tpm": "a key is sealed to the TPM, and the TPM does not answer: switch the machine off and on, then try again;"
    ' where it is gone for good, say so in the settings first: tpm = "" under [paths]',
    "unsafe": "a key is kept in a file that others may read, or that is damaged; kiosk doctor names it. Mend it, or move it away",
    "two_keys": "two different keys are kept under one name; kiosk doctor names them. Move the wrong one away",
    "no_line": "the platform cannot be reached",
    "not_configured": "the settings name no platform: url under [platform]",
}


@click.command()
@click.argument("code")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=DEFAULT_FILE, show_default=True
)
@click.option("--again", is_flag=True, help="Take this terminal's place anew, with a fresh key.")
def enrol(code: str, config_file: Path, again: bool) -> None:
    """Register this terminal with the one-time CODE that the platform's operator gave.

    The terminal must be running (`kiosk run`): its sync process makes the key, which never leaves it.

    With --again, when its key is lost, when it was copied, or when an old disk was put back: the operator makes a
    code for this very place. What was recorded is kept and delivered; the receipts that residents hold stay good.

    \b
    Examples:
      kiosk enrol 4821093377
      kiosk enrol 4821093377 --again
    """
    settings = load(config_file)
    with IpcClient(settings.sync_socket, timeout_s=30) as client:
        answer = client.call("enrol", code=code, again=again)
    if not answer.get("ok"):
        fault = str(answer.get("fault", "no reason given"))
        click.echo(f"not registered: {_SENTENCES.get(fault, fault)}", err=True)
        sys.exit(1)
    click.echo(f"registered as terminal {answer.get('terminal_number', '')}")
