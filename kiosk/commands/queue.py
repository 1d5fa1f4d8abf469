"""`kiosk queue`: the cases waiting on this terminal, for the staff. Nothing personal is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from kiosk.clock import SystemClock
from kiosk.config import DEFAULT_FILE, load
from kiosk.domain.case import DeliveryState
from kiosk.domain.receipt import in_fours, number_from_scan
from kiosk.errors import JournalError, JournalFault
from kiosk.journal.journal import Journal, load_or_create_key

_Command = Callable[..., None]


def _common(command: _Command) -> _Command:
    """The two options that every subcommand has."""
    command = click.option("--json", "as_json", is_flag=True, help="As JSON.")(command)
    settings_file = click.Path(path_type=Path)
    return click.option(
        "--config", "config_file", type=settings_file, default=DEFAULT_FILE, show_default=True
    )(command)


@click.group()
def queue() -> None:
    """The cases waiting on this terminal.

    \b
    Examples:
      kiosk queue status
      kiosk queue list --state parked
      kiosk queue retry 1100011234567809
      kiosk queue verify
    """


@queue.command()
@_common
def status(config_file: Path, as_json: bool) -> None:
    """How many cases wait, were sent, or need a person."""
    with _journal(config_file) as journal:
        summary = asdict(journal.outbox.summary())
    _print(
        summary,
        as_json,
        [
            f"waiting        {summary['pending'] + summary['leased']}",
            f"need a person  {summary['parked']}",
            f"delivered      {summary['acknowledged']}",
            f"oldest waiting {_age(summary['oldest_unsent_s'])}",
        ],
    )


@queue.command("list")
@click.option("--state", type=click.Choice([s.value for s in DeliveryState]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@_common
def list_entries(state: str | None, limit: int, config_file: Path, as_json: bool) -> None:
    """One line a case, the oldest first."""
    with _journal(config_file) as journal:
        items = journal.outbox.listing(DeliveryState(state) if state else None, limit)
    rows = [msgspec.to_builtins(item) for item in items]
    lines = [
        f"{item.sequence:>6}  {in_fours(item.receipt_number)}  {item.recorded_at:%Y-%m-%d %H:%M}  "
        f"{item.delivery.value:<12} {item.service_code}  {item.park_reason.value if item.park_reason else ''}".rstrip()
        for item in items
    ]
    _print(rows, as_json, lines or ["nothing here"])


@queue.command()
@click.argument("number")
@_common
def show(number: str, config_file: Path, as_json: bool) -> None:
    """What is known of the case with this receipt NUMBER."""
    with _journal(config_file) as journal:
        found = journal.entries.by_number(_receipt_number(number))
        jobs = journal.print_jobs.for_entry(found.receipt.entry_id) if found else ()
    if found is None:
        raise click.ClickException("this terminal has no such case; it may have been received at another one")
    shown: dict[str, Any] = {**msgspec.to_builtins(found), "print_jobs": msgspec.to_builtins(jobs)}
    _print(shown, as_json, [f"{key:<16} {value}" for key, value in shown.items()])


@queue.command()
@click.argument("number", required=False)
@click.option("--all", "everything", is_flag=True, help="Every case that was set aside.")
@_common
def retry(number: str | None, everything: bool, config_file: Path, as_json: bool) -> None:
    """Send a case that was set aside once more."""
    if (number is None) == (not everything):
        raise click.UsageError("give one receipt number, or --all")
    with _journal(config_file) as journal:
        entry_id = None
        if number is not None:
            found = journal.entries.by_number(_receipt_number(number))
            if found is None:
                raise click.ClickException("this terminal has no such case")
            entry_id = found.receipt.entry_id
        count = journal.outbox.retry_parked(entry_id)
    _print({"requeued": count}, as_json, [f"{count} will be sent again"])


@queue.command()
@click.option("--quick", is_flag=True, help="Only the newest entries, not every page.")
@_common
def verify(quick: bool, config_file: Path, as_json: bool) -> None:
    """Check the journal: pages, structure, the chain of entries, the audit chain."""
    with _journal(config_file) as journal:
        result = journal.verify(quick)
    lines = [f"{result.entries_checked} entries checked, {'all in order' if result.ok else 'NOT in order'}"]
    lines += [f"  {problem}" for problem in result.problems]
    if result.chain_broken_at is not None:
        lines.append(f"  the chain of entries breaks at {result.chain_broken_at}")
    if result.audit_broken_at is not None:
        lines.append(f"  the audit chain breaks at {result.audit_broken_at}")
    _print({"ok": result.ok, **asdict(result)}, as_json, lines)
    sys.exit(0 if result.ok else 1)


@contextmanager
def _journal(config_file: Path) -> Iterator[Journal]:
    """The terminal's journal; it is never created by looking."""
    settings = load(config_file)
    if not settings.journal_file.exists():
        raise JournalError(JournalFault.INPUT_OUTPUT, f"there is no journal at {settings.journal_file} yet")
    key = load_or_create_key(settings.journal_key_file, settings.journal_file)
    with Journal.open(settings.journal_file, key, SystemClock()) as journal:
        yield journal


def _receipt_number(text: str) -> str:
    number = number_from_scan(text)
    if number is None:
        raise click.BadParameter("not a receipt number: 16 digits whose last two must agree with the others")
    return number


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, hours = seconds / 60, seconds / 3600
    return f"{minutes:.0f} min" if hours < 2 else f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


def _print(value: Any, as_json: bool, lines: list[str]) -> None:
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(lines))
