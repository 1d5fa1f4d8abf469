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

from kiosk.cli import load_command
from kiosk.clock import SystemClock
from kiosk.commands.journal_words import in_words
from kiosk.commands.queue_status import as_lines, as_report, look
from kiosk.config import DEFAULT_FILE, Settings, load
from kiosk.domain.case import DeliveryState
from kiosk.domain.receipt import in_fours, number_from_scan
from kiosk.errors import JournalError, SecretError
from kiosk.journal.journal import Journal, load_or_create_key
from kiosk.journal.os_fault import require_journal

_Command = Callable[..., None]
_ELSEWHERE = {"export": "sync.stick_commands:export", "import": "sync.stick_commands:import_"}


def _common(command: _Command) -> _Command:
    """The two options that every subcommand has."""
    command = click.option("--json", "as_json", is_flag=True, help="As JSON.")(command)
    settings_file = click.Path(path_type=Path)
    return click.option(
        "--config", "config_file", type=settings_file, default=DEFAULT_FILE, show_default=True
    )(command)


class _QueueGroup(click.Group):
    """Two of its commands live where the platform's messages are known, and are named by strings."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are needed."""
        return ["status", "list", "show", "retry", "export", "import", "verify"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command; those of the other package only when they are asked for."""
        place = _ELSEWHERE.get(cmd_name)
        return load_command(place) if place else super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; what the journal or a key refuses is one sentence."""
        try:
            return super().invoke(ctx)
        except (JournalError, SecretError) as error:
            raise click.ClickException(in_words(error)) from error


@click.group(cls=_QueueGroup)
def queue() -> None:
    """The cases waiting on this terminal. Nothing personal is shown.

    \b
    Examples:
      kiosk queue status
      kiosk queue list --state parked
      kiosk queue show 1100011234567839
      kiosk queue retry 1100011234567839
      kiosk queue export /media/stick
      kiosk queue import /media/stick
      kiosk queue verify
    """


@queue.command()
@_common
def status(config_file: Path, as_json: bool) -> None:
    """How many cases wait, whether new ones are taken, and how long the disk lasts.

    \b
    Examples:
      kiosk queue status
      kiosk queue status --json
    """
    with _journal(config_file) as (journal, settings):
        found = look(journal, settings)
    _print(as_report(found), as_json, as_lines(found))


@queue.command("list")
@click.option("--state", type=click.Choice([s.value for s in DeliveryState]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@_common
def list_entries(state: str | None, limit: int, config_file: Path, as_json: bool) -> None:
    """One line a case, the oldest first; without --state, what is not delivered.

    \b
    Examples:
      kiosk queue list
      kiosk queue list --state parked --json
    """
    with _journal(config_file) as (journal, _):
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
    """What is known of the case with this receipt NUMBER (a scanned slip will do).

    \b
    Example:
      kiosk queue show "1100 0112 3456 7839"
    """
    with _journal(config_file) as (journal, _):
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
    """Send a case that was set aside once more.

    \b
    Examples:
      kiosk queue retry 1100011234567839
      kiosk queue retry --all
    """
    if (number is None) == (not everything):
        raise click.UsageError("give one receipt number, or --all")
    with _journal(config_file) as (journal, _):
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
    """Check the journal: pages, structure, the chain of entries, the audit chain.

    \b
    Examples:
      kiosk queue verify
      kiosk queue verify --quick --json
    """
    with _journal(config_file) as (journal, _):
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
def _journal(config_file: Path) -> Iterator[tuple[Journal, Settings]]:
    """The terminal's journal; it is never created by looking."""
    settings = load(config_file)
    require_journal(settings.journal_file)
    key = load_or_create_key(settings.journal_key_file, settings.journal_file, settings.paths.tpm)
    with Journal.open(settings.journal_file, key, SystemClock()) as journal:
        yield journal, settings


def _receipt_number(text: str) -> str:
    number = number_from_scan(text)
    if number is None:
        raise click.BadParameter("not a receipt number: 16 digits whose last two must agree with the others")
    return number


def _print(value: Any, as_json: bool, lines: list[str]) -> None:
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(lines))
