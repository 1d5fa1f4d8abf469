"""Operators' accounts: password (Argon2id, RFC 9106) and second factor (TOTP, RFC 6238), and the lock-out.

A try is counted before it is judged, so that a hundred tries at once are a hundred tries.  A name that
nobody has is locked like one that somebody has: the door does not tell who works here.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.domain.entry import iso_utc
from sync.central.console.roles import Role
from sync.central.engine import Cursor
from sync.central.store import Store

FREE_TRIES = 5
"""This many wrong tries cost nothing; then each costs twice the wait of the one before."""
_FIRST_LOCK_S = 15
_LONGEST_LOCK_S = 3600
_FORGET_AFTER = timedelta(hours=24)
_STEP_S = 30
MIN_PASSWORD = 12
_MAX_PASSWORD = 256
_NAME = re.compile(r"[a-z][a-z0-9._\-]{1,31}")
_ISSUER = "Linban"
Noted = Callable[[Cursor], None]
"""Puts an act on record in the transaction of the act."""
_AT_ONCE = 2
"""Argon2 takes 64 MiB each: more at once would let a stranger fill the memory."""


class AccountRefused(Exception):
    """What cannot be done with an account. `word`: bad-name, name-taken, unknown, last-administrator, weak-password,
    wrong-password, locked.
    """

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(word)


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may sign in."""

    name: str
    role: Role
    must_change: bool
    """Still has the password that somebody else gave them."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account in the list of all."""

    name: str
    role: Role
    must_change: bool
    created_at: str
    created_by: str
    locked_until: str
    last_seen_at: str


@dataclass(frozen=True, slots=True)
class NewSecrets:
    """What a new or reset account is told once."""

    password: str
    uri: str
    """`otpauth://` for the authenticator."""


@dataclass(frozen=True, slots=True)
class Locked:
    """Nobody is let in under this name before `until`."""

    until: datetime


@functools.cache
def _of_nobody(time_cost: int, memory_cost: int, parallelism: int) -> str:
    """A hash that takes as long to check as a real one; made once a process, because that costs a tenth of a second."""
    return PasswordHasher(time_cost, memory_cost, parallelism).hash(secrets.token_hex(16))


class Accounts:
    """The accounts and their door."""

    def __init__(self, store: Store, key: bytes, hasher: PasswordHasher | None = None) -> None:
        self._store = store
        self._box = AESGCM(key)
        self._hasher = hasher or PasswordHasher()
        self._nobody = _of_nobody(self._hasher.time_cost, self._hasher.memory_cost, self._hasher.parallelism)
        self._turn = threading.Semaphore(_AT_ONCE)

    def add(self, name: str, role: Role, by: str, noted: Noted | None = None) -> NewSecrets:
        """A new account; raises `AccountRefused`. `noted` puts it on record, in the same transaction."""
        if not _NAME.fullmatch(name):
            raise AccountRefused("bad-name")
        secret, made = self._make_secrets(name)
        hashed = self._hash(made.password)  # before the transaction: it takes a tenth of a second
        with self._store.transaction() as run:
            if run.execute("select 1 from operator_account where name = ?", (name,)).fetchone():
                raise AccountRefused("name-taken")
            run.execute(
                "insert into operator_account"
                " (name, role, password_hash, second_factor, created_at, created_by)"
                " values (?, ?, ?, ?, ?, ?)",
                (name, role.value, hashed, self._close(name, secret), self._store.now(), by),
            )
            if noted is not None:
                noted(run)
        return made

    def reset(self, name: str, noted: Noted | None = None) -> NewSecrets:
        """New password and second factor; the old ones, open sessions and the lock are gone."""
        secret, made = self._make_secrets(name)
        hashed = self._hash(made.password)
        with self._store.transaction() as run:
            _existing(run, name)
            run.execute(
                "update operator_account set password_hash = ?, second_factor = ?, last_step = 0,"
                " must_change = 1 where name = ?",
                (hashed, self._close(name, secret), name),
            )
            _forget(run, name)
            if noted is not None:
                noted(run)
        return made

    def remove(self, name: str, noted: Noted | None = None) -> None:
        """Nobody signs in under this name again, and nobody else gets it: the record names it."""
        with self._store.transaction() as run:
            if _existing(run, name) is Role.ADMINISTRATOR and _administrators(run) == 1:
                raise AccountRefused("last-administrator")
            run.execute(
                "update operator_account set removed_at = ?, password_hash = '' where name = ?",
                (self._store.now(), name),
            )
            _forget(run, name)
            if noted is not None:
                noted(run)

    def appoint(self, name: str, role: Role) -> None:
        """Give another role; open sessions end, because pages were made for the old one."""
        with self._store.transaction() as run:
            old = _existing(run, name)
            if old is Role.ADMINISTRATOR and role is not old and _administrators(run) == 1:
                raise AccountRefused("last-administrator")
            run.execute("update operator_account set role = ? where name = ?", (role.value, name))
            run.execute("delete from operator_session where operator = ?", (name,))

    def all(self) -> list[AccountLine]:
        """Every account that was not removed, by name."""
        with self._store.reading() as run:
            rows = run.execute(
                "select a.name, a.role, a.must_change, a.created_at, a.created_by,"
                " coalesce(f.locked_until, ''), coalesce((select max(s.seen_at) from operator_session s"
                "  where s.operator = a.name), '') from operator_account a"
                " left join operator_failure f on f.name = a.name where a.removed_at is null order by a.name"
            ).fetchall()
        return [AccountLine(row[0], Role(row[1]), bool(row[2]), *row[3:]) for row in rows]

    def find(self, name: str) -> Operator | None:
        """The operator of this name."""
        with self._store.reading() as run:
            row = run.execute(
                "select name, role, must_change from operator_account where name = ? and removed_at is null",
                (name,),
            ).fetchone()
        return Operator(row[0], Role(row[1]), bool(row[2])) if row else None

    def check(self, name: str, password: str, code: str) -> Operator | Locked | None:
        """The operator when all three are right; None when anything is not."""
        name = name.strip().lower()
        counted = self._failure_name(name)
        locked = self._count_try(counted)
        if locked is not None:
            return locked
        with self._store.reading() as run:
            row = run.execute(
                "select password_hash, second_factor from operator_account"
                " where name = ? and removed_at is null",
                (name,),
            ).fetchone()
        right = self._verify(row[0] if row else self._nobody, password)
        if row is None or not right:
            return None
        step = self._matching_step(self._open(name, bytes(row[1])), code)
        if step is None:
            return None
        with self._store.transaction() as run:
            used = "select last_step from operator_account where name = ? and removed_at is null"
            last = run.execute(used, (name,)).fetchone()
            if last is None or last[0] >= step:
                return None  # RFC 6238 §5.2: a code is good once
            run.execute("update operator_account set last_step = ? where name = ?", (step, name))
            run.execute("delete from operator_failure where name = ?", (counted,))
        return self.find(name)

    def change_password(self, name: str, old: str, new: str, noted: Noted | None = None) -> None:
        """Raises `AccountRefused`: locked, wrong-password, weak-password.

        A wrong old password is a try like one at the door: a session left open must not be where one guesses.
        """
        if self._count_try(name) is not None:
            raise AccountRefused("locked")
        with self._store.reading() as run:
            row = run.execute("select password_hash from operator_account where name = ?", (name,)).fetchone()
        if row is None or not self._verify(row[0], old):
            raise AccountRefused("wrong-password")
        if not MIN_PASSWORD <= len(new) <= _MAX_PASSWORD or name in new.lower() or new == old:
            raise AccountRefused("weak-password")
        hashed = self._hash(new)
        with self._store.transaction() as run:
            run.execute(
                "update operator_account set password_hash = ?, must_change = 0 where name = ?",
                (hashed, name),
            )
            run.execute("delete from operator_failure where name = ?", (name,))
            if noted is not None:
                noted(run)

    def _count_try(self, counted: str) -> Locked | None:
        now = self._store.clock.now()
        with self._store.transaction() as run:
            query = "select tries, locked_until, last_at from operator_failure where name = ?"
            row = run.execute(query, (counted,)).fetchone()
            tries = row[0] if row and row[2] > iso_utc(now - _FORGET_AFTER) else 0
            if row and row[1] > iso_utc(now):
                return Locked(datetime.fromisoformat(row[1]))
            tries += 1
            run.execute(
                "insert into operator_failure values (?, ?, ?, ?) on conflict (name) do update set"
                " tries = excluded.tries, locked_until = excluded.locked_until, last_at = excluded.last_at",
                (counted, tries, iso_utc(now + timedelta(seconds=_lock_s(tries))), iso_utc(now)),
            )
        return None

    def _failure_name(self, name: str) -> str:
        """A name that nobody has shares one of 256 counters, so that inventing names fills nothing."""
        if _NAME.fullmatch(name) and self.find(name) is not None:
            return name
        return "?" + hashlib.sha256(name.encode("utf-8")).hexdigest()[:2]

    def _matching_step(self, secret: bytes, code: str) -> int | None:
        """The time step that `code` belongs to: this one, the one before or the one after."""
        code = re.sub(r"\s", "", code)
        totp = pyotp.TOTP(secret.decode("ascii"))
        this_step = int(self._store.clock.now().timestamp()) // _STEP_S
        fits = None
        for step in (this_step - 1, this_step, this_step + 1):
            if secrets.compare_digest(totp.generate_otp(step).encode(), code.encode("utf-8")):
                fits = step
        return fits

    def _make_secrets(self, name: str) -> tuple[bytes, NewSecrets]:
        secret = pyotp.random_base32()
        words = "-".join(secrets.token_hex(2) for _ in range(4))
        uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)
        return secret.encode("ascii"), NewSecrets(words, uri)

    def _hash(self, password: str) -> str:
        with self._turn:
            return self._hasher.hash(password)

    def _verify(self, hashed: str, password: str) -> bool:
        with self._turn:
            try:
                return self._hasher.verify(hashed, password[:_MAX_PASSWORD])
            except (VerificationError, InvalidHashError):
                return False

    def _close(self, name: str, secret: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._box.encrypt(nonce, secret, name.encode("utf-8"))

    def _open(self, name: str, sealed: bytes) -> bytes:
        return self._box.decrypt(sealed[:12], sealed[12:], name.encode("utf-8"))


def _lock_s(tries: int) -> int:
    if tries < FREE_TRIES:
        return 0
    return min(_FIRST_LOCK_S << min(tries - FREE_TRIES, 20), _LONGEST_LOCK_S)


def _existing(run: Cursor, name: str) -> Role:
    query = "select role from operator_account where name = ? and removed_at is null"
    row = run.execute(query, (name,)).fetchone()
    if row is None:
        raise AccountRefused("unknown")
    return Role(row[0])


def _administrators(run: Cursor) -> int:
    query = "select name from operator_account where role = 'administrator' and removed_at is null"
    return len(run.execute(query).fetchall())


def _forget(run: Cursor, name: str) -> None:
    run.execute("delete from operator_session where operator = ?", (name,))
    run.execute("delete from operator_failure where name = ?", (name,))
