"""Passing accepted cases on to a provincial platform: a port, a folder and an HTTP call that keep it, and the sender.

Exactly once for the receiver: each case goes out as the same bytes under the same key, however often it goes, and
what a sink answers is one of three things: the receiver has it, it may be tried again, it never will be taken.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import UUID

import requests

from kiosk.durability import sync_path
from sync.central.engine import DatabaseAway
from sync.central.forwarding_queue import AcceptedCase, ForwardingQueue
from sync.central.store import Store
from sync.no_redirects import NoRedirects

log = logging.getLogger(__name__)

_FORMAT = "linban-case-1"
_AT_ONCE = 20
_CLAIMED_S = 300.0
_IDLE_S = 3.0
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 3600.0
_CONNECT_S, _READ_S = 5.0, 20.0
_NEVER = (400, 413, 415, 422)
"""Answers about this one case; everything else is about the receiver or the way to it, and passes."""


class Fate(StrEnum):
    """What became of one try."""

    DELIVERED = "delivered"
    AGAIN = "again"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of one try; `why` holds nothing about a person."""

    fate: Fate
    why: str = ""


class Sink(Protocol):
    """The adapter to a receiver. Called from one thread; must not raise over what the receiver does."""

    def deliver(self, key: str, name: str, body: bytes) -> Tried:
        """Give it `body`. `key` names the case for ever: the same key is the same bytes. `name` is for people."""
        ...


class FileSink:
    """One JSON file a case in a folder that the receiver reads: whole or not there, never twice under one name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, key: str, name: str, body: bytes) -> Tried:
        """See `Sink`."""
        file, draft = self._folder / f"{name}.json", self._folder / f".{key}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with draft.open("wb") as written:
                written.write(body)
                written.flush()
                os.fsync(written.fileno())
            try:
                os.link(draft, file)  # unlike a rename it never replaces what is there
            except FileExistsError:
                if file.read_bytes() != body:
                    return Tried(Fate.NEVER, "another file has this name")
            finally:
                draft.unlink(missing_ok=True)
            sync_path(self._folder)
        except OSError as error:
            return Tried(Fate.AGAIN, error.strerror or type(error).__name__)
        return Tried(Fate.DELIVERED)


class HttpSink:
    """One POST a case, with an Idempotency-Key; a redirect is no answer."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url
        self._session = NoRedirects()
        self._session.trust_env = False
        if token:
            self._session.headers["authorization"] = f"Bearer {token}"

    def deliver(self, key: str, name: str, body: bytes) -> Tried:
        """See `Sink`."""
        del name
        headers = {"idempotency-key": f'"{key}"', "content-type": "application/json"}
        try:
            with self._session.post(
                self._url,
                data=body,
                headers=headers,
                timeout=(_CONNECT_S, _READ_S),
                allow_redirects=False,
                stream=True,  # its words are not read: the status is all that counts
            ) as answer:
                status = answer.status_code
        except requests.RequestException as error:
            return Tried(Fate.AGAIN, type(error).__name__)
        if 200 <= status < 300:
            return Tried(Fate.DELIVERED)
        return Tried(Fate.NEVER if status in _NEVER else Fate.AGAIN, f"HTTP {status}")


def sink_for(target: str, token: str = "") -> Sink:
    """The sink of `file:FOLDER` or an `https://…` address; raises `ValueError` with a sentence."""
    if target.startswith("file:") and len(target) > len("file:"):
        return FileSink(Path(target.removeprefix("file:")))
    if target.startswith(("https://", "http://127.0.0.1", "http://[::1]", "http://localhost")):
        return HttpSink(target, token)
    raise ValueError(f"{target!r} is neither file:FOLDER nor https://… (cases are personal data)")


def message_of(case: AcceptedCase) -> bytes:
    """What is passed on: the same bytes at every try."""
    content = {
        "format": _FORMAT,
        "key": key_of(case),
        "receipt_number": case.receipt_number,
        "service_code": case.service_code,
        "accepted_at": case.accepted_at,
        "case": json.loads(case.content)["case"],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def key_of(case: AcceptedCase) -> str:
    """The entry's identity, which no other case has."""
    return str(UUID(bytes=case.entry_id))


class Forwarder:
    """Sends what is due, until told to stop."""

    def __init__(self, store: Store, sink: Sink) -> None:
        self._store, self._sink = store, sink
        self.queue = ForwardingQueue(store)

    def run(self, stopping: threading.Event) -> None:
        """The body of a thread."""
        while not stopping.is_set():
            try:
                sent = self.send_due(stopping)
            except DatabaseAway as error:
                log.warning("forwarding waits for the database: %s", error)
                sent = 0
            except Exception as error:  # noqa: BLE001 — a thread that died would pass nothing on, and say nothing
                log.error("forwarding failed: %s", type(error).__name__)
                sent = 0
            if not sent:
                stopping.wait(_IDLE_S)

    def send_due(self, stopping: threading.Event | None = None) -> int:
        """Try what is due once; how many the receiver has now."""
        done = 0
        for case in self.queue.claim(_AT_ONCE, _CLAIMED_S):
            if stopping is not None and stopping.is_set():
                break  # what is claimed and was not tried comes again when the claim ends
            tried = self._tried(case)
            if tried.fate is Fate.DELIVERED:
                self.queue.delivered(case)
                done += 1
            elif tried.fate is Fate.NEVER:
                log.warning("a case is not taken by the receiver: %s", tried.why)
                self.queue.died(case, tried.why)
            else:
                due = self._store.clock.now() + timedelta(seconds=_pause_s(case.tries))
                self.queue.failed(case, tried.why, due)
        return done

    def _tried(self, case: AcceptedCase) -> Tried:
        """One try; an adapter that raises has a bug or wrong settings, and keeps no other case from going."""
        try:
            return self._sink.deliver(key_of(case), case.receipt_number, message_of(case))
        except Exception as error:  # noqa: BLE001
            # Without its words and its trace: they might say what the case says.
            log.error("passing a case on failed unexpectedly: %s", type(error).__name__)
            return Tried(Fate.AGAIN, type(error).__name__)


def _pause_s(tries: int) -> float:
    """Full jitter below a doubling bound (at least a second): a receiver that comes back is not run over."""
    bound = min(_FIRST_PAUSE_S * 2 ** min(tries, 20), _LONGEST_PAUSE_S)
    return max(random.uniform(0.0, bound), 1.0)  # noqa: S311 — spreads a crowd, guards nothing
