"""The same ways on PostgreSQL: what the console asks of the database must be asked in the words of both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.bench.postgres_server import PostgresServer, bin_dir, postgres
from tests.console import test_ledger, test_pages, test_roles, test_sign_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    if bin_dir() is None:
        pytest.skip("no PostgreSQL is installed")
    with postgres() as running:
        yield running


@pytest.fixture
def database(server: PostgresServer) -> str:
    return server.new_database()


test_every_way_opens_to_whom_it_may_and_to_nobody_else = (
    test_roles.test_every_way_opens_to_whom_it_may_and_to_nobody_else
)
test_a_new_account_is_told_its_secrets_once = test_roles.test_a_new_account_is_told_its_secrets_once
test_each_trouble_raises_its_alert_and_the_worst_comes_first = (
    test_pages.test_each_trouble_raises_its_alert_and_the_worst_comes_first
)
test_the_fleet_is_searched_by_number_and_place_literally = (
    test_pages.test_the_fleet_is_searched_by_number_and_place_literally
)
test_a_case_is_masked_until_somebody_says_why = test_pages.test_a_case_is_masked_until_somebody_says_why
test_a_case_is_moved_step_by_step_and_the_terminal_is_told = (
    test_pages.test_a_case_is_moved_step_by_step_and_the_terminal_is_told
)
test_a_forked_entry_is_requeued_released_and_then_a_case = (
    test_pages.test_a_forked_entry_is_requeued_released_and_then_a_case
)
test_a_code_is_shown_once_enrols_once_and_can_be_revoked = (
    test_pages.test_a_code_is_shown_once_enrols_once_and_can_be_revoked
)
test_an_alarm_is_closed_once = test_pages.test_an_alarm_is_closed_once
test_the_file_holds_every_entry_of_the_day_exactly_once = (
    test_ledger.test_the_file_holds_every_entry_of_the_day_exactly_once
)
test_a_record_that_was_tampered_with_says_so = test_ledger.test_a_record_that_was_tampered_with_says_so
test_a_hundred_tries_at_once_are_a_hundred_tries = (
    test_sign_in.test_a_hundred_tries_at_once_are_a_hundred_tries
)
test_a_session_ends_when_nobody_looks_and_after_a_day_of_work = (
    test_sign_in.test_a_session_ends_when_nobody_looks_and_after_a_day_of_work
)
test_a_character_that_a_database_cannot_keep_breaks_no_line = (
    test_ledger.test_a_character_that_a_database_cannot_keep_breaks_no_line
)
test_a_case_that_somebody_else_moves_at_the_same_moment = (
    test_pages.test_a_case_that_somebody_else_moves_at_the_same_moment
)
test_an_alarm_of_a_number_that_is_none = test_pages.test_an_alarm_of_a_number_that_is_none
