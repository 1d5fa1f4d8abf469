"""`kiosk central operator`: the first account, and the way back in for somebody who is locked out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.central.console.roles import Role

if TYPE_CHECKING:
    from sync.central.console.accounts import Accounts, NewSecrets
    from sync.central.console.acts import Acts

_ROLES = click.Choice([role.value for role in Role])
_TROUBLE = {
    "bad-name": "a name has 2 to 32 small letters, digits, dots or dashes and begins with a letter",
    "name-taken": "this name was used before; choose another",
    "unknown": "there is no such account",
    "last-administrator": "this is the last administrator: add another one first",
}


@click.group()
def operator() -> None:
    """The accounts of the operators' console at /console; run it on the platform's machine.

    \b
    Examples:
      kiosk central operator add test.jia --role administrator
      kiosk central --data /var/lib/linban-central operator reset test.jia
    """


@operator.command()
@click.argument("name")
@click.option("--role", type=_ROLES, required=True)
@click.pass_context
def add(context: click.Context, name: str, role: str) -> None:
    """A new account; its password and the authenticator's code are printed once."""
    from sync.central.console.acts import SYSTEM, Act

    with _opened(context) as (accounts, acts):
        made = accounts.add(
            name, Role(role), SYSTEM, lambda run: acts.note_in(run, SYSTEM, Act.ACCOUNT_ADDED, name, role)
        )
    _tell(name, made)


@operator.command()
@click.argument("name")
@click.pass_context
def reset(context: click.Context, name: str) -> None:
    """New password and second factor; sessions and the lock end."""
    from sync.central.console.acts import SYSTEM, Act

    with _opened(context) as (accounts, acts):
        made = accounts.reset(name, lambda run: acts.note_in(run, SYSTEM, Act.ACCOUNT_RESET, name))
    _tell(name, made)


@operator.command()
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Nobody signs in under this name again."""
    from sync.central.console.acts import SYSTEM, Act

    with _opened(context) as (accounts, acts):
        accounts.remove(name, lambda run: acts.note_in(run, SYSTEM, Act.ACCOUNT_REMOVED, name))
    click.echo(f"{name}: removed")


@operator.command(name="list")
@click.pass_context
def list_accounts(context: click.Context) -> None:
    """All accounts."""
    with _opened(context) as (accounts, _):
        for line in accounts.all():
            note = "  first password not changed" if line.must_change else ""
            click.echo(f"{line.name:32} {line.role.value:14} {line.created_at[:10]}{note}")


@contextmanager
def _opened(context: click.Context) -> Iterator[tuple[Accounts, Acts]]:
    """The accounts and the record, in the database that `kiosk central` was told; the platform may be running."""
    from kiosk.clock import SystemClock
    from sync.central.console.accounts import AccountRefused, Accounts
    from sync.central.console.acts import Acts
    from sync.central.engine import UnusableDatabase
    from sync.central.keys import load_or_create_keys
    from sync.central.store import Store

    group = context.parent
    central = group.parent if group else None
    options = central.params if central else {}
    data_dir: Path = options.get("data_dir") or Path("linban-central")
    address = options.get("database") or data_dir / "central.db"
    keys = load_or_create_keys(data_dir)
    try:
        store = Store(address, SystemClock())
    except UnusableDatabase as error:
        raise click.ClickException(str(error)) from error
    try:
        yield Accounts(store, keys.console), Acts(store)
    except AccountRefused as refused:
        raise click.ClickException(_TROUBLE.get(refused.word, refused.word)) from refused
    finally:
        store.close()


def _tell(name: str, made: NewSecrets) -> None:
    """What is told once. The picture only where somebody can scan it, never into a log file."""
    import segno

    click.echo(f"name:           {name}")
    click.echo(f"first password: {made.password}   (to be changed at the first sign-in)")
    click.echo(f"authenticator:  {made.uri}")
    if sys.stdout.isatty():
        segno.make(made.uri, error="l").terminal(compact=True)
