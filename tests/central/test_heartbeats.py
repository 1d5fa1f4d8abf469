"""What the platform makes of heartbeats: what it forgot, who was rolled back or copied, audit roots, devices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from kiosk.clock import ManualClock
from kiosk.domain.enrolment import Standing
from kiosk.journal.audit_roots import AuditDay, statement
from sync.central.exchange import Platform
from sync.central.heartbeats import Heartbeats
from sync.central.standing import Standings
from sync.heartbeat_wire import AuditRoot, DeviceReport, HeartbeatAnswer, HeartbeatRequest
from sync.wire import Result


def beat(platform: Platform, terminal: Any, message: HeartbeatRequest | None = None) -> HeartbeatAnswer:
    said = message or terminal.heartbeat()
    known = platform.store.terminal(terminal.terminal_id)
    assert known is not None
    return Heartbeats(platform.store).note(known, terminal.nonce(), said, 0.5, said.tail_sequence)


def send(platform: Platform, terminal: Any, entries: list[Any]) -> list[Result]:
    intake = platform.entries.take_in(terminal.known, terminal.nonce(), entries)
    return [outcome.result for outcome in intake.outcomes]


def rows(platform: Platform, query: str) -> list[tuple[Any, ...]]:
    with platform.store.reading() as run:
        return [tuple(row) for row in run.execute(query).fetchall()]


def forget(platform: Platform, terminal: Any, above: int) -> None:
    """The database as it was when `above` was the newest entry: a backup put back."""
    with platform.store.transaction(terminal.terminal_id) as run:
        run.execute("delete from opening")
        run.execute("delete from entry where sequence > ?", (above,))
        run.execute("update terminal set high_water = ?", (above,))


def test_a_terminal_in_good_health(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(3))
    answer = beat(platform, terminal)
    assert (answer.high_water, answer.gaps, answer.standing) == (3, [], Standing.OK)


@pytest.mark.fault(65)
def test_a_platform_put_back_from_a_backup_asks_for_what_it_lost(platform: Platform, terminal: Any) -> None:
    entries = terminal.record(10)
    send(platform, terminal, entries)
    first = beat(platform, terminal)
    forget(platform, terminal, above=4)
    second = beat(platform, terminal)
    assert second.gaps == [(5, 10)]
    assert second.standing is Standing.OK
    assert second.epoch != first.epoch
    assert send(platform, terminal, entries[4:]) == [Result.STORED] * 6
    third = beat(platform, terminal)
    assert (third.gaps, third.high_water, third.epoch) == ([], 10, second.epoch)
    assert rows(platform, "select kind, detail from alarm") == [("platform_forgot", "5-10")]


@pytest.mark.fault(65)
def test_a_new_entry_comes_before_those_that_were_lost(platform: Platform, terminal: Any) -> None:
    entries = terminal.record(10)
    send(platform, terminal, entries)
    forget(platform, terminal, above=4)
    (new,) = terminal.record(1)
    send(platform, terminal, [new])
    assert beat(platform, terminal).gaps == [(5, 10)]
    send(platform, terminal, [entries[4], entries[5], entries[8]])
    assert beat(platform, terminal).gaps == [(7, 8), (10, 10)]
    send(platform, terminal, entries)
    assert beat(platform, terminal).gaps == []


@pytest.mark.fault(65)
def test_only_one_epoch_is_begun_for_a_whole_fleet(
    platform: Platform, make_terminal: Callable[..., Any]
) -> None:
    fleet = [make_terminal(str(number)) for number in range(4)]
    for terminal in fleet:
        send(platform, terminal, terminal.record(3))
        beat(platform, terminal)
    forget(platform, fleet[0], above=1)
    assert len({beat(platform, terminal).epoch for terminal in fleet}) == 1
    assert rows(platform, "select count(*) from epoch") == [(1,)]


@pytest.mark.fault(65)
def test_an_operator_says_that_the_database_was_restored(
    platform: Platform, another: Callable[[], Platform], terminal: Any
) -> None:
    before = beat(platform, terminal).epoch
    said = another().store.begin_epoch("restored")
    assert said != before
    assert beat(platform, terminal).epoch == said  # also from a worker that was running all the time


@pytest.mark.fault(17)
def test_an_old_disk_is_put_back_and_the_machine_starts_again(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(5))
    beat(platform, terminal)
    del terminal.entries[2:]
    old = terminal.heartbeat(boot_id="boot-2", uptime_s=10.0)
    assert beat(platform, terminal, old).standing is Standing.ROLLED_BACK
    assert beat(platform, terminal, old).standing is Standing.ROLLED_BACK
    assert rows(platform, "select kind, first_sequence, last_sequence from chain_note") == [
        ("rollback", 3, 5)
    ]
    assert rows(platform, "select kind from alarm") == [("rolled_back",)]


@pytest.mark.fault(17)
def test_an_old_journal_is_put_back_in_the_same_boot(
    platform: Platform, terminal: Any, clock: ManualClock
) -> None:
    send(platform, terminal, terminal.record(5))
    del terminal.entries[2:]
    once = terminal.heartbeat()
    assert (
        beat(platform, terminal, once).standing is Standing.OK
    )  # it may have been overtaken by entries 3 to 5
    clock.advance(121)
    assert beat(platform, terminal, once).standing is Standing.OK  # sent again after a lost answer
    assert beat(platform, terminal).standing is Standing.ROLLED_BACK


@pytest.mark.fault(17)
def test_two_heartbeats_that_were_both_overtaken_condemn_nobody(
    platform: Platform, terminal: Any, clock: ManualClock
) -> None:
    send(platform, terminal, terminal.record(2))
    late, later = terminal.heartbeat(), terminal.heartbeat(uptime_s=77.0)
    assert late.uptime_s != later.uptime_s
    send(platform, terminal, terminal.record(3))
    clock.advance(30)
    assert beat(platform, terminal, late).standing is Standing.OK
    clock.advance(30)
    assert beat(platform, terminal, later).standing is Standing.OK
    assert beat(platform, terminal).standing is Standing.OK
    assert rows(platform, "select * from alarm") == []


@pytest.mark.fault(17)
def test_a_heartbeat_that_was_overtaken_condemns_nobody(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(2))
    late = terminal.heartbeat()
    send(platform, terminal, terminal.record(3))
    assert beat(platform, terminal, late).standing is Standing.OK
    assert beat(platform, terminal).standing is Standing.OK
    assert beat(platform, terminal, late).standing is Standing.OK
    assert rows(platform, "select * from alarm") == []


@pytest.mark.fault(17, 51)
def test_an_overtaken_heartbeat_that_is_sent_again_condemns_nobody(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(2))
    late = terminal.heartbeat()
    send(platform, terminal, terminal.record(3))
    assert [beat(platform, terminal, late).standing for _ in range(3)] == [Standing.OK] * 3


@pytest.mark.fault(25, 124)
def test_a_copied_disk_has_another_entry_at_its_tail(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(2))
    send(platform, terminal, terminal.record(1))
    terminal.entries.pop()
    terminal.record(1)
    assert beat(platform, terminal).standing is Standing.CLONED


@pytest.mark.fault(25, 124)
def test_a_copy_that_sent_its_fork_stops_both(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(2))
    original = terminal.heartbeat()
    terminal.entries.pop()
    assert send(platform, terminal, terminal.record(1)) == [Result.QUARANTINED]
    assert beat(platform, terminal, original).standing is Standing.CLONED
    assert beat(platform, terminal).standing is Standing.CLONED


@pytest.mark.fault(25, 124)
def test_two_machines_take_turns_with_one_identity(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(2))
    standings = [
        beat(platform, terminal, terminal.heartbeat(boot_id=boot)).standing for boot in ("a", "b", "b", "a")
    ]
    assert standings == [Standing.OK, Standing.OK, Standing.OK, Standing.CLONED]


@pytest.mark.fault(124)
def test_a_code_enrols_no_second_key(platform: Platform, make_terminal: Callable[..., Any]) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from sync.central.store import EnrolmentRefused

    make_terminal("one")
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(EnrolmentRefused, match="used-code"):
        platform.store.enrol("code-one", stranger, "370508", "0.1.0")


def test_an_operator_suspends_and_restores(platform: Platform, terminal: Any) -> None:
    operators = Standings(platform.store)
    send(platform, terminal, terminal.record(2))
    assert operators.suspend(terminal.terminal_id)
    assert beat(platform, terminal).standing is Standing.SUSPENDED
    assert send(platform, terminal, terminal.record(1)) == [Result.STORED]  # what is recorded still counts
    assert operators.restore(terminal.terminal_id)
    assert beat(platform, terminal).standing is Standing.OK
    assert not operators.suspend("nobody")


@pytest.mark.fault(25)
def test_an_operator_restores_after_a_fork(platform: Platform, terminal: Any) -> None:
    send(platform, terminal, terminal.record(2))
    kept = terminal.entries.pop()
    send(platform, terminal, terminal.record(1))
    terminal.entries[-1] = kept
    assert beat(platform, terminal).standing is Standing.CLONED
    Standings(platform.store).restore(terminal.terminal_id)
    assert beat(platform, terminal).standing is Standing.OK


def signed(terminal: Any, day: int, digest: bytes) -> AuditRoot:
    root = AuditDay(day=date(2026, 11, day), position=day * 10, digest=digest)
    signature = terminal.key.sign(statement(terminal.terminal_id, root))
    return AuditRoot(day=root.day, position=root.position, digest=root.digest, signature=signature)


@pytest.mark.fault(126)
def test_audit_roots_are_stored_once_and_a_rewritten_one_is_an_alarm(
    platform: Platform, terminal: Any
) -> None:
    first, second = signed(terminal, 1, bytes(32)), signed(terminal, 2, bytes(31) + b"\1")
    answer = beat(platform, terminal, terminal.heartbeat(audit_roots=[first, second]))
    assert answer.audit_roots_until == date(2026, 11, 2)
    beat(platform, terminal, terminal.heartbeat(audit_roots=[first]))
    assert rows(platform, "select * from alarm") == []
    rewritten = signed(terminal, 1, bytes(31) + b"\2")
    beat(platform, terminal, terminal.heartbeat(audit_roots=[rewritten]))
    forged = AuditRoot(day=date(2026, 11, 3), position=1, digest=bytes(32), signature=first.signature)
    answer = beat(platform, terminal, terminal.heartbeat(audit_roots=[forged]))
    assert answer.audit_roots_until == date(2026, 11, 2)
    assert rows(platform, "select kind, detail from alarm order by number") == [
        ("audit_root_changed", "2026-11-01"),
        ("audit_root_false", "2026-11-03"),
    ]
    assert rows(platform, "select day, digest from audit_root order by day limit 1") == [
        ("2026-11-01", bytes(32))
    ]


def test_devices_keep_the_moment_of_their_state(
    platform: Platform, terminal: Any, clock: ManualClock
) -> None:
    def report(state: str, paper: str) -> HeartbeatRequest:
        message: HeartbeatRequest = terminal.heartbeat(
            devices=[DeviceReport(device="slip-printer", state=state, paper=paper)]
        )
        return message

    query = "select state, paper, since from device_report"
    beat(platform, terminal, report("ready", "enough"))
    ((_, _, first),) = rows(platform, query)
    clock.advance(60)
    beat(platform, terminal, report("ready", "low"))
    assert rows(platform, query) == [("ready", "low", first)]
    clock.advance(60)
    beat(platform, terminal, report("out_of_paper", "out"))
    ((state, _, later),) = rows(platform, query)
    assert state == "out_of_paper" and later > first
    beat(platform, terminal, terminal.heartbeat())
    assert rows(platform, query) == []


def test_the_history_is_thin_and_ends(platform: Platform, terminal: Any, clock: ManualClock) -> None:
    for _ in range(6):
        beat(platform, terminal)
        clock.advance(300)
    assert rows(platform, "select count(*) from heartbeat_history") == [(2,)]


def test_what_was_forgotten_is_one_alarm_while_it_comes_again(platform: Platform, terminal: Any) -> None:
    lost = terminal.record(6)
    for known in range(1, 6):
        send(platform, terminal, lost[known - 1 : known])
        beat(platform, terminal)
    alarms = rows(platform, "select kind, detail from alarm where closed_at is null")
    assert alarms == [("platform_forgot", "2-6")]
