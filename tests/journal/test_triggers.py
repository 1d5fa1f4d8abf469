"""The database itself refuses what no code of ours may do: the triggers, tried with plain SQL."""

from __future__ import annotations

import pytest

from kiosk.journal.database import IntegrityError
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged
from tests.journal.conftest import MakeCase

IDENTITY_COLUMNS = [
    "sequence",
    "rowid",
    "entry_id",
    "receipt_number",
    "terminal_number",
    "kind",
    "service_code",
    "pack_version",
    "recorded_at",
    "boot_id",
    "monotonic_ms",
    "previous_digest",
    "digest",
]
BLOBS = {"entry_id": 16, "previous_digest": 32, "digest": 32}


def _refused(journal: Journal, sql: str, parameters: tuple[object, ...] = ()) -> None:
    with pytest.raises(IntegrityError):
        journal._database.run(sql, parameters)


@pytest.fixture
def two(journal: Journal, make_case: MakeCase) -> Journal:
    """Entry 1 is acknowledged, entry 2 is not."""
    first = journal.entries.record(make_case())
    journal.entries.record(make_case())
    journal.outbox.settle([Acknowledged(entry_id=first.entry_id, token=b"signed")])
    return journal


@pytest.mark.parametrize("column", IDENTITY_COLUMNS)
def test_no_identity_column_of_an_entry_changes(two: Journal, column: str) -> None:
    value = "77" if column in ("sequence", "rowid", "monotonic_ms") else "'x'"
    if column in BLOBS:
        value = f"randomblob({BLOBS[column]})"
    _refused(two, f"UPDATE entry SET {column} = {value} WHERE sequence = 2")


@pytest.mark.parametrize("table", ["entry", "delivery", "audit"])
def test_nothing_is_deleted(two: Journal, table: str) -> None:
    _refused(two, f"DELETE FROM {table}")


def test_the_body_of_an_unsent_entry_stays(two: Journal) -> None:
    _refused(two, "UPDATE entry SET sealed = NULL WHERE sequence = 2")
    _refused(two, "UPDATE entry SET sealed = x'00' WHERE sequence = 2")


def test_the_body_of_an_acknowledged_entry_may_go_and_its_digest_stays(two: Journal) -> None:
    _refused(two, "UPDATE entry SET sealed = x'00' WHERE sequence = 1")
    assert two._database.run("UPDATE entry SET sealed = NULL WHERE sequence = 1") == 1
    _refused(two, "UPDATE entry SET sealed = x'00' WHERE sequence = 1")
    verification = two.verify()
    assert verification.ok
    assert verification.entries_checked == 2
    assert [entry.sequence for entry in two.entries.stream()] == [2]


COPY = (
    "INSERT {how} INTO entry SELECT {sequence}, randomblob(16), 'x', terminal_number, kind, service_code,"
    " pack_version, recorded_at, boot_id, monotonic_ms, {previous}, digest, sealed, likeness FROM entry WHERE sequence = 2"
)


@pytest.mark.parametrize("sequence", [1, 2, 4, 1000])
def test_an_entry_out_of_sequence_is_refused(two: Journal, sequence: int) -> None:
    _refused(two, COPY.format(how="", sequence=sequence, previous="digest"))


def test_an_entry_that_names_another_predecessor_is_refused(two: Journal) -> None:
    _refused(two, COPY.format(how="", sequence=3, previous="randomblob(32)"))
    assert two._database.run(COPY.format(how="", sequence=3, previous="digest")) == 1


def test_replacing_an_entry_is_refused_like_deleting_it(two: Journal) -> None:
    _refused(two, COPY.format(how="OR REPLACE", sequence=2, previous="digest"))
    same_id = COPY.format(how="OR REPLACE", sequence=3, previous="digest").replace(
        "randomblob(16)", "entry_id"
    )
    _refused(two, same_id)
    assert two.entries.count() == 2


@pytest.mark.parametrize(
    "change", ["state = 'recorded'", "acknowledgement = x'00'", "acknowledged_at = NULL", "sequence = 9"]
)
def test_what_the_platform_acknowledged_stays_acknowledged(two: Journal, change: str) -> None:
    _refused(two, f"UPDATE delivery SET {change} WHERE sequence = 1")


def test_nothing_is_acknowledged_without_the_platforms_word(two: Journal) -> None:
    two.outbox.lease(10, 1_000_000, 30)
    _refused(two, "UPDATE delivery SET state = 'acknowledged' WHERE sequence = 2")


@pytest.mark.parametrize("change", ["event = 'line_lost'", "position = 9", "digest = randomblob(32)"])
def test_no_audit_line_changes(two: Journal, change: str) -> None:
    _refused(two, f"UPDATE audit SET {change} WHERE position = 1")


def test_an_audit_line_out_of_order_is_refused(two: Journal) -> None:
    _refused(
        two,
        "INSERT INTO audit SELECT position + 5, happened_at, boot_id, monotonic_ms, event, subject, detail,"
        " digest, digest FROM audit ORDER BY position DESC LIMIT 1",
    )


@pytest.mark.parametrize("told", [0, 3])
def test_what_the_audit_log_has_told_is_neither_taken_back_nor_made_up(two: Journal, told: int) -> None:
    assert two._database.row("SELECT told FROM tally") == (2,)
    _refused(two, f"UPDATE tally SET told = {told}")


@pytest.mark.parametrize(
    "change",
    [
        "state = 'recorded', resent = resent + 2",
        "state = 'leased', lease_owner = 'x', resent = resent + 1",
        "state = 'recorded', resent = resent + 1, acknowledgement = x'00'",
        "state = 'recorded', resent = resent + 1, acknowledged_at = NULL",
        "resent = resent - 1",
    ],
)
def test_sending_again_is_the_only_way_back_and_keeps_what_was_signed(two: Journal, change: str) -> None:
    _refused(two, f"UPDATE delivery SET {change} WHERE sequence = 1")


def test_what_has_no_body_any_more_is_not_sent_again(two: Journal) -> None:
    again = "UPDATE delivery SET state = 'recorded', resent = resent + 1 WHERE sequence = 1"
    two._database.run("UPDATE entry SET sealed = NULL WHERE sequence = 1")
    _refused(two, again)


@pytest.mark.parametrize("change", ["randomblob(16)", "NULL"])
def test_a_likeness_stays_as_long_as_the_body(two: Journal, change: str) -> None:
    _refused(two, f"UPDATE entry SET likeness = {change} WHERE sequence = 2")
