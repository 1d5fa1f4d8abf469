"""`kiosk queue export` and `kiosk queue import`: the queue's way out when the line is dead for weeks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.config import DEFAULT_FILE, Settings, load
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.os_fault import require_journal
from kiosk.secrets import keeping
from sync.stick_words import in_sentences, sentence, show
from sync.usb_bundle import export as export_to
from sync.usb_bundle import import_answers

_stick_argument = click.argument("stick", type=click.Path(file_okay=False, path_type=Path))
_config_option = click.option(
    "--config", "config_file", type=click.Path(path_type=Path), default=DEFAULT_FILE, show_default=True
)
_json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.command("export")
@_stick_argument
@_config_option
@_json_option
def export(stick: Path, config_file: Path, as_json: bool) -> None:
    """Write what waits here to the folder STICK, sealed as it is.

    The stick may be pulled out at any time: run it again, and it goes on. Nothing is taken from the queue until
    the platform's answers come back with `kiosk queue import`.

    \b
    Examples:
      kiosk queue export /media/stick
      kiosk queue export /media/stick --json
    """
    with _terminal(config_file) as (journal, key), in_sentences():
        done = export_to(journal, key, stick, SystemClock())
    report = {
        "terminal_number": done.terminal_number,
        "entries": done.entries,
        "files": done.files,
        "written": done.written,
        "attachments": done.attachments,
        "folder": str(done.folder),
    }
    show(
        report,
        as_json,
        [
            f"{done.entries} cases in {done.files} files ({done.written} written now), {done.attachments} attachments",
            f"in {done.folder}",
            "next: kiosk central-stick on the platform, then kiosk queue import here",
        ],
    )


@click.command("import")
@_stick_argument
@_config_option
@_json_option
def import_(stick: Path, config_file: Path, as_json: bool) -> None:
    """Read the platform's signed answers from the folder STICK and settle what they prove.

    \b
    Example:
      kiosk queue import /media/stick
    """
    with _terminal(config_file) as (journal, key), in_sentences():
        result = import_answers(journal, key.public_key().public_bytes_raw(), stick)
    refused = [sentence(fault) for fault in result.refused]
    report = {
        "acknowledged": result.acknowledged,
        "set_aside": result.set_aside,
        "attachments": result.attachments,
        "already": result.already,
        "files_without_answer": result.waiting,
        "refused": refused,
    }
    lines = [
        f"acknowledged     {result.acknowledged}",
        f"known before     {result.already}",
        f"need a person    {result.set_aside}",
        f"attachments      {result.attachments}",
        f"not answered yet {result.waiting} files",
        *refused,
    ]
    show(report, as_json, lines)
    if refused:
        raise SystemExit(1)


@contextmanager
def _terminal(config_file: Path) -> Iterator[tuple[Journal, Ed25519PrivateKey]]:
    """The journal and the key of this terminal; neither is made by looking."""
    settings = load(config_file)
    require_journal(settings.journal_file)
    page_key = load_or_create_key(settings.journal_key_file, settings.journal_file, settings.paths.tpm)
    with Journal.open(settings.journal_file, page_key, SystemClock()) as journal:
        yield journal, _signing_key(settings)


def _signing_key(settings: Settings) -> Ed25519PrivateKey:
    found = keeping.load_or_make(settings.terminal_key_file, settings.paths.tpm, may_make=False)
    return Ed25519PrivateKey.from_private_bytes(found.secret)
