"""Live codes that identify a person: the reference platform's stand-in for the authority that issues them.

A real platform passes the code on to 政务服务码's, 电子社保卡's or 医保's own interface.  This one knows the codes
that its operator made for invented people; it keeps hashes of them, and answers for each once.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from kiosk.domain.entry import iso_utc
from sync.central.store import Store
from sync.wire import IdentityCodeAnswer, IdentityVerdict, NewIdentityCode


class _Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of the person behind a code."""

    name: str
    number: str
    sex: str
    birth: date


class IdentityCodes:
    """Makes codes known and answers for them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, wish: NewIdentityCode) -> datetime:
        """Know this code until the returned moment; a code that was used stays used."""
        now = self._store.clock.now()
        expires_at = now + timedelta(seconds=wish.valid_s)
        person = _Person(name=wish.name, number=wish.number, sex=wish.sex, birth=wish.birth)
        with self._store.transaction() as run:
            run.execute(
                "insert into identity_code (code_hash, form, person, expires_at) values (?, ?, ?, ?)"
                " on conflict (code_hash) do update set expires_at = excluded.expires_at where identity_code.used_by is null",
                (
                    _hash(wish.code),
                    wish.form,
                    msgspec.json.encode(person).decode("utf-8"),
                    iso_utc(expires_at),
                ),
            )
        return expires_at

    def ask(self, form: str, code: str, terminal_id: str, try_id: str) -> IdentityCodeAnswer:
        """Whose code it is; uses it up. The same try of the same terminal gets the same answer again."""
        asked_by = f"{terminal_id} {try_id}"
        with self._store.transaction() as run:
            return self._ask(run, form, code, asked_by)

    def _ask(self, run: Any, form: str, code: str, asked_by: str) -> IdentityCodeAnswer:
        query = "select form, person, expires_at, used_by from identity_code where code_hash = ?"
        found = run.execute(query, (_hash(code),)).fetchone()
        if found is None or found[0] != form:
            return IdentityCodeAnswer(verdict=IdentityVerdict.UNKNOWN)
        _form, person_json, expires_at, used_by = found
        if used_by is not None and used_by != asked_by:
            return IdentityCodeAnswer(verdict=IdentityVerdict.USED)
        if used_by is None:
            if expires_at <= self._store.now():
                return IdentityCodeAnswer(verdict=IdentityVerdict.EXPIRED)
            used = "update identity_code set used_by = ?, used_at = ? where code_hash = ?"
            run.execute(used, (asked_by, self._store.now(), _hash(code)))
        person = msgspec.json.decode(person_json, type=_Person)
        return IdentityCodeAnswer(
            verdict=IdentityVerdict.KNOWN,
            name=person.name,
            number=person.number,
            sex=person.sex,
            birth=person.birth,
        )


def _hash(code: str) -> bytes:
    """A read of the file must not give away a code that still lives."""
    return hashlib.sha256(b"linban identity code 1\0" + code.encode("utf-8")).digest()
