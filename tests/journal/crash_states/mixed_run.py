"""A long mixed run of two processes on one journal, which says on standard output what it is about to do and what is done.

    python mixed_run.py FILE SEED ROUNDS STEPS [synchronous]

`do KEY VALUE` stands before a call, `did KEY VALUE` after it returned.  Whatever happens to the disk, what the
journal tells under KEY lies between the highest value that was done and the highest that was begun; see
`promises.py` for what each key means.  The last round of a process sometimes ends without closing anything.

`synchronous` (full, normal, off) is for the test that shows that losses would be found.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.clock import SystemClock
from kiosk.domain.case import Case, ParkReason, PlatformState, new_entry_id
from kiosk.domain.enrolment import Enrolment
from kiosk.domain.printing import PrintState
from kiosk.journal import database as database_module
from kiosk.journal.audit import AuditEvent
from kiosk.journal.database import Database
from kiosk.journal.inbox import InboxMessage
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged, Parked, Released, Settlement
from kiosk.journal.settings import SettingKey

KEY = bytes(range(32))
TOKEN = b"signed" * 30
SMALL_LOG_PAGES = 40
"""Checkpoints by whoever happens to commit, every few cases and not every few hundred."""


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode("ascii"))


def enrolment() -> Enrolment:
    return Enrolment(
        terminal_id="t-370508",
        terminal_number="370508",
        region_code="370502",
        sealing_key=X25519PrivateKey.from_private_bytes(bytes(range(1, 33))).public_key().public_bytes_raw(),
        signing_key=bytes(32),
    )


def a_case(words: int = 1) -> Case:
    return Case(
        entry_id=new_entry_id(),
        service_code="pension-certification",
        pack_version="1.0.0",
        started_at=datetime(2026, 11, 22, tzinfo=UTC),
        answers={
            "phone": "13800138000",
            "words": "".join(chr(random.randrange(0x4E00, 0x9FA5)) for _ in range(words)),
        },
    )


def weaken(synchronous: str) -> None:
    """Take away what keeps the promises, for the test that must then see them broken."""
    configure: Callable[..., None] = Database._configure

    def weakly(self: Database, key: bytes, salt: bytes) -> None:
        configure(self, key, salt)
        self.connection.execute(f"PRAGMA synchronous = {synchronous}").fetchone()

    Database._configure = weakly  # type: ignore[method-assign]


class Face:
    """What the ui process does: records, prints, notes settings and events; closes and opens again."""

    def __init__(self, file: Path, chance: random.Random) -> None:
        self._file, self._chance = file, chance
        self._journal = Journal.open(file, KEY, SystemClock())
        self._jobs: list[int] = []
        self._counts = {
            "sessions": sum(
                one.event is AuditEvent.SESSION_STARTED for one in self._journal.audit.recent(1000)
            ),
            "paper": int(self._journal.settings.get(SettingKey.PAPER_LEFT) or 0),
        }

    def run(self, steps: int) -> None:
        doings = (
            [self.record] * 8
            + [self.start_printing] * 3
            + [self.take] * 2
            + [self.note, self.set, self.hand_in_and_leave]
        )
        doings += [self.open_again]
        for _ in range(steps):
            self._chance.choice(doings)()

    def close(self) -> None:
        self._journal.close()

    def record(self) -> None:
        case = a_case(self._chance.choice((5, 50, 400, 3000)))
        pieces = self._chance.choice((0, 0, 0, 1, 2))
        for number in range(1, pieces + 1):
            say("do", f"pieces:{case.entry_id}", number)
            picture = os.urandom(self._chance.choice((300, 300, 3000, 3000, 3000, 70_000)))
            kept = self._journal.attachments.put(case.entry_id, "image/jpeg", picture)
            case = replace(case, attachments=(*case.attachments, kept))
        say("do", f"entry:{case.entry_id}", 1)
        receipt = self._journal.entries.record(case)
        say("did", f"entry:{receipt.entry_id}", 1)
        say("did", f"pieces:{receipt.entry_id}", pieces)
        self._jobs.append(receipt.sequence * 100)

    def start_printing(self) -> None:
        if self._jobs:
            job = self._chance.choice(self._jobs)
            (found,) = self._journal._database.rows(
                "SELECT count(*) FROM print_job WHERE id = ? AND state = 'taken'", (job,)
            )
            if found[0]:
                return
            tries = self._next(f"tries:{job}")
            say("do", f"tries:{job}", tries)
            self._journal.print_jobs.start(job)
            say("did", f"tries:{job}", tries)
            self._journal.print_jobs.finish(
                job, self._chance.choice((PrintState.PRINTED, PrintState.UNKNOWN))
            )

    def take(self) -> None:
        if self._jobs:
            job = self._chance.choice(self._jobs)
            say("do", f"taken:{job}", 1)
            self._journal.print_jobs.taken(job)
            say("did", f"taken:{job}", 1)

    def hand_in_and_leave(self) -> None:
        """Something was put on the plate, and its case never became one."""
        case = a_case()
        say("do", f"pieces:{case.entry_id}", 1)
        self._journal.attachments.put(case.entry_id, "image/jpeg", os.urandom(3000))
        self._journal.attachments.drop_orphans()

    def note(self) -> None:
        count = self._next("sessions")
        say("do", "sessions", count)
        self._journal.audit.append(AuditEvent.SESSION_STARTED)
        say("did", "sessions", count)

    def set(self) -> None:
        paper = self._next("paper")
        say("do", "paper", paper)
        self._journal.settings.put(SettingKey.PAPER_LEFT, str(paper).encode("ascii"))
        say("did", "paper", paper)

    def open_again(self) -> None:
        self._journal.close()
        self._journal = Journal.open(self._file, KEY, SystemClock())

    def _next(self, key: str) -> int:
        self._counts[key] = self._counts.get(key, 0) + 1
        return self._counts[key]


class Line:
    """What the sync process does: leases, settles, stores the platform's words, checkpoints."""

    def __init__(self, file: Path, chance: random.Random) -> None:
        self._file, self._chance = file, chance
        self._journal = Journal.open(file, KEY, SystemClock())
        self._position = int(self._journal.inbox.cursor() or 0)

    def run(self, steps: int) -> None:
        pause = Event()
        for _ in range(steps):
            self.send()
            if self._chance.random() < 0.3:
                self.listen()
            if self._chance.random() < 0.3:
                self.send_pictures()
            if self._chance.random() < 0.05:
                self._journal.retention.drop_delivered(datetime.now(UTC) + timedelta(days=400), 30)
            if self._chance.random() < 0.02:
                self._journal.back_up(self._file.with_name("backups"), 2)
            if self._chance.random() < 0.3:
                self._journal.checkpoint()
            pause.wait(self._chance.choice((0, 0.002, 0.01)))

    def close(self) -> None:
        self._journal.close()

    def send(self) -> None:
        leased = self._journal.outbox.lease(self._chance.choice((1, 5, 20)), 1_000_000, 30)
        for item in leased:
            say("did", f"attempts:{item.entry.header.entry_id}", item.attempts)
        settlements: list[Settlement] = []
        for item in leased:
            entry_id = item.entry.header.entry_id
            fate = self._chance.random()
            if fate < 0.8:
                settlements.append(Acknowledged(entry_id=entry_id, token=TOKEN, stored_at=datetime.now(UTC)))
                say("do", f"acknowledged:{entry_id}", 1)
            elif fate < 0.85:
                settlements.append(Parked(entry_id=entry_id, reason=ParkReason.REJECTED))
                say("do", f"parked:{entry_id}", 1)
            else:
                settlements.append(Released(entry_id=entry_id))
        self._journal.outbox.settle(settlements)
        for one in settlements:
            if not isinstance(one, Released):
                say(
                    "did",
                    f"{'acknowledged' if isinstance(one, Acknowledged) else 'parked'}:{one.entry_id}",
                    1,
                )

    def send_pictures(self) -> None:
        for one in self._journal.attachments.pending(2):
            half = one.sent_bytes + (one.size_bytes - one.sent_bytes) // 2
            self._journal.attachments.note_sent(one.digest, half)
            say("did", f"sent:{one.digest.hex()}", half)
            if self._chance.random() < 0.7:
                say("do", f"delivered:{one.digest.hex()}", 1)
                self._journal.attachments.delivered(one.digest, TOKEN, None)
                say("did", f"delivered:{one.digest.hex()}", 1)

    def listen(self) -> None:
        last = self._journal.entries.last()
        if last is None:
            return
        position = self._position = self._position + 1
        message = InboxMessage(
            message_id=f"m-{position}",
            receipt_number=last.receipt.number,
            platform_state=PlatformState.ACCEPTED,
            said_at=datetime.now(UTC),
            words="已受理",
        )
        say("do", "inbox", position)
        self._journal.inbox.store([message], str(position))
        say("did", "inbox", position)


def main(file: Path, seed: int, rounds: int, steps: int) -> None:
    database_module.AUTOCHECKPOINT_PAGES = SMALL_LOG_PAGES
    first = Journal.open(file, KEY, SystemClock())
    say("ready")
    if first.settings.enrolment() is None:
        first.settings.set_enrolment(enrolment())
        say("did", "enrolled", 1)
    first.close()
    for number in range(rounds):
        children = [_in_a_process(part, file, seed, number, steps) for part in (Face, Line)]
        for child in children:
            _, status = os.waitpid(child, 0)
            if status:
                sys.exit(f"a process ended with {status}")


def _in_a_process(part: type[Face | Line], file: Path, seed: int, number: int, steps: int) -> int:
    child = os.fork()
    if child:
        return child
    random.seed(seed + number)
    body = part(file, random.Random(f"{seed} {number} {part.__name__}"))
    body.run(steps)
    if number % 2 == 0:
        body.close()
    os._exit(0)


if __name__ == "__main__":
    if len(sys.argv) > 5:
        weaken(sys.argv[5])
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
