"""What a run promised up to some moment, and whether a journal keeps it.

Everything is a number under a key, and every number only grows: between the highest that was done and the
highest that was begun lies what the journal may tell.  The keys:

    entry:ID          1: recorded                     acknowledged:ID, parked:ID   1: settled so
    attempts:ID       how often it was leased         tries:JOB, taken:JOB         print jobs
    sessions          lines in the audit log          paper, inbox                 settings: value, cursor
    enrolled          1: the terminal knows who it is
    pieces:ID         how many attachments of an entry are here whole, or were dropped once the platform had them
    sent:DIGEST       how much of one the platform holds  delivered:DIGEST   1: it holds the whole
    torn, bodiless    attachments whose bytes are not theirs, and unsent entries without a body: none, ever
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from kiosk.bench.journal_calls import Call, CallKind
from kiosk.journal.journal import Journal
from kiosk.journal.settings import SettingKey

UNBOUNDED = frozenset({"enrolled", "attempts", "sent"})
"""Keys whose `do` is not said: a lease is not a promise to anybody, and there is only one enrolment."""


@dataclass(slots=True)
class Promises:
    """Bounds of every number; `ready` once a process had the journal open."""

    done: dict[str, int] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    ready: bool = False

    def hear(self, call: Call) -> None:
        if call.kind is not CallKind.SAID:
            return
        for line in call.path.splitlines():
            word, *rest = line.split()
            if word == "ready":
                self.ready = True
            else:
                bounds = self.done if word == "did" else self.begun
                key, value = rest
                bounds[key] = max(bounds.get(key, 0), int(value))

    def broken(self, journal: Journal) -> list[str]:
        """Every promise that `journal` does not keep, and everything in it that nobody asked for."""
        told = what_it_tells(journal)
        faults = [
            f"{key} is {told.get(key, 0)}, promised {value}"
            for key, value in self.done.items()
            if told.get(key, 0) < value
        ]
        for key, value in told.items():
            most = max(self.begun.get(key, 0), self.done.get(key, 0))
            if value > most and key.partition(":")[0] not in UNBOUNDED:
                faults.append(f"{key} is {value}, begun {most}")
        return faults


def heard(calls: Iterable[Call]) -> Promises:
    promises = Promises()
    for call in calls:
        promises.hear(call)
    return promises


def what_it_tells(journal: Journal) -> dict[str, int]:
    """Every key's number, by the journal."""
    told: dict[str, int] = {}
    rows = journal._database.rows
    for entry_id, state, attempts in rows(
        "SELECT entry_id, ifnull(state, 'recorded'), ifnull(attempts, 0) FROM entry LEFT JOIN delivery USING (sequence)"
    ):
        name = UUID(bytes=entry_id)
        told[f"entry:{name}"] = 1
        if attempts:
            told[f"attempts:{name}"] = attempts
        if state in ("acknowledged", "parked"):
            told[f"{state}:{name}"] = 1
    for job, state, tries in rows("SELECT id, state, attempts FROM print_job"):
        told[f"tries:{job}"] = tries
        told[f"taken:{job}"] = int(state == "taken")
    ((told["sessions"],),) = rows("SELECT count(*) FROM audit WHERE event = 'session_started'")
    told["paper"] = int(journal.settings.get(SettingKey.PAPER_LEFT) or 0)
    told["inbox"] = int(journal.inbox.cursor() or 0)
    told["enrolled"] = int(journal.settings.enrolment() is not None)
    ((messages,),) = rows("SELECT count(*) FROM inbox")
    assert messages == told["inbox"], "a message and its cursor are one commit"
    ((told["bodiless"],),) = rows(
        "SELECT count(*) FROM entry LEFT JOIN delivery USING (sequence) WHERE sealed IS NULL AND state IS NOT 'acknowledged'"
    )
    told |= _attachments(journal)
    return told


def _attachments(journal: Journal) -> dict[str, int]:
    told = {"torn": 0}
    found = journal._database.rows(
        "SELECT digest, entry_id, size_bytes, sent_bytes, token IS NOT NULL, content_kept FROM attachment"
    )
    for digest, entry_id, size_bytes, sent_bytes, delivered, kept in found:
        told[f"sent:{digest.hex()}"] = sent_bytes
        told[f"delivered:{digest.hex()}"] = delivered
        whole = (
            hashlib.sha256(journal.attachments.read(digest, 0, size_bytes)).digest() == digest
            if kept
            else delivered
        )
        told["torn"] += not whole
        pieces = f"pieces:{UUID(bytes=entry_id)}"
        told[pieces] = told.get(pieces, 0) + 1
    return told
