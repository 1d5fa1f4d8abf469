"""Operators' sessions: kept on the platform, known by a cookie of which only a hash is stored.

A session ends after a while without a page, after a day's work in any case, on signing out, and when the
account is changed.  The token of its forms is derived from the cookie, so there is nothing more to keep.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from kiosk.domain.entry import iso_utc
from sync.central.store import Store

IDLE = timedelta(minutes=20)
LONGEST = timedelta(hours=10)
_SEEN_EVERY = timedelta(seconds=30)
"""A page is a read; writing at each one would make every look at the fleet a commit."""


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, operator: str) -> str:
        """A new session; returns the cookie's value. Sessions that have ended are swept on the way."""
        now = self._store.clock.now()
        token = secrets.token_urlsafe(32)
        with self._store.transaction() as run:
            run.execute(
                "delete from operator_session where ends_at <= ? or seen_at <= ?",
                (iso_utc(now), iso_utc(now - IDLE)),
            )
            run.execute(
                "insert into operator_session values (?, ?, ?, ?, ?)",
                (_hash(token), operator, iso_utc(now), iso_utc(now), iso_utc(now + LONGEST)),
            )
        return token

    def whose(self, token: str) -> str | None:
        """The operator of a live session. Asking keeps it alive."""
        now = self._store.clock.now()
        with self._store.reading() as run:
            row = run.execute(
                "select operator, seen_at, ends_at from operator_session where token_hash = ?",
                (_hash(token),),
            ).fetchone()
        if row is None or row[2] <= iso_utc(now) or row[1] <= iso_utc(now - IDLE):
            return None
        if datetime.fromisoformat(row[1]) < now - _SEEN_EVERY:
            with self._store.transaction() as run:
                run.execute(
                    "update operator_session set seen_at = ? where token_hash = ?",
                    (iso_utc(now), _hash(token)),
                )
        return str(row[0])

    def end(self, token: str) -> None:
        """The cookie opens nothing any more."""
        with self._store.transaction() as run:
            run.execute("delete from operator_session where token_hash = ?", (_hash(token),))

    def end_all(self, operator: str) -> None:
        """No cookie of this operator opens anything any more."""
        with self._store.transaction() as run:
            run.execute("delete from operator_session where operator = ?", (operator,))


def form_token(cookie: str) -> str:
    """What every form of the holder of `cookie` carries; a page of another origin cannot know it."""
    return hmac.new(cookie.encode("utf-8"), b"linban console form 1", hashlib.sha256).hexdigest()


def _hash(token: str) -> bytes:
    return hashlib.sha256(b"linban console session 1\0" + token.encode("utf-8")).digest()
