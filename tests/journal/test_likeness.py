"""Likeness: the same person's same case is found again, and the file does not tell who that was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.domain.case import Case, PlatformState
from kiosk.journal.audit import AuditEvent
from kiosk.journal.journal import Journal
from kiosk.journal.settings import SettingKey
from tests.journal.conftest import MakeCase, Place

NUMBER = "11010519491231002X"


def _by_another(case: Case) -> Case:
    assert case.resident is not None
    return replace(case, resident=replace(case.resident, number="110105194912310038"))


@pytest.mark.parametrize("written_down", [False, True])
def test_the_newest_of_the_same_person_and_service_is_found(
    journal: Journal, make_case: MakeCase, written_down: bool
) -> None:
    service = make_case().service_code
    assert journal.entries.similar(service, NUMBER) is None
    journal.entries.record(make_case())
    newest = journal.entries.record(make_case())
    journal.entries.record(_by_another(make_case()))
    journal.entries.record(replace(make_case(), service_code="another-service"))
    journal.entries.record(replace(make_case(), resident=None))
    if written_down:
        journal.audit.append(AuditEvent.SESSION_ENDED)
        assert journal._database.row("SELECT count(*) FROM likeness") == (4,)
    assert journal.entries.similar(service, NUMBER) == newest
    assert journal.entries.similar(service, NUMBER.lower()) == newest
    assert journal.entries.similar("a-third-service", NUMBER) is None
    assert journal.entries.similar(service, "") is None


@pytest.mark.parametrize("state", [PlatformState.RETURNED, PlatformState.REJECTED, PlatformState.CONCLUDED])
def test_a_case_that_is_over_is_no_duplicate(
    journal: Journal, make_case: MakeCase, state: PlatformState
) -> None:
    case = make_case()
    receipt = journal.entries.record(case)
    journal.outbox.set_platform_state([(receipt.number, PlatformState.ACCEPTED)])
    assert journal.entries.similar(case.service_code, NUMBER) == receipt
    journal.outbox.set_platform_state([(receipt.number, state)])
    assert journal.entries.similar(case.service_code, NUMBER) is None


def test_one_person_has_another_hash_for_each_service_and_on_each_terminal(
    journal: Journal, place: Place, make_case: MakeCase
) -> None:
    with Journal.open(place.file.with_name("other.db"), place.key, place.clock) as other:
        other.settings.set_enrolment(place.enrolment)
        hashes = set()
        for one in (journal, other):
            for service in ("pension-certification", "another-service"):
                one.entries.record(replace(make_case(), service_code=service))
            hashes |= {row[0] for row in one._database.rows("SELECT likeness FROM entry")}
        assert len(hashes) == 4
        assert {len(one) for one in hashes} == {16}


def test_it_is_found_after_a_restart_and_a_key_that_is_gone_only_costs_the_question(
    place: Place, make_case: MakeCase
) -> None:
    with place.open() as journal:
        journal.settings.set_enrolment(place.enrolment)
        receipt = journal.entries.record(make_case())
    with place.open("boot-2") as journal:
        assert journal.entries.similar(receipt.service_code, NUMBER) == receipt
        journal._database.run("DELETE FROM setting WHERE key = ?", (SettingKey.LIKENESS_KEY.value,))
    with place.open("boot-2") as journal:
        assert journal.entries.similar(receipt.service_code, NUMBER) is None
        assert journal.entries.record(make_case()).sequence == 2
