"""Every way into the console, tried by every role and by nobody at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync.central.console.roles import RIGHTS, Right, Role, may
from sync.central.console.ways import WAYS
from tests.console.practice import PracticeTerminal
from tests.console.staff import Office, Tab

OpenTab = Callable[..., Tab]

MAY = {
    Role.VIEWER: "fleet cases entries voices",
    Role.OPERATOR: "fleet cases entries voices standing move show requeue reclaim enrol ledger",
    Role.PUBLISHER: "fleet catalogue",
    Role.ADMINISTRATOR: "fleet accounts",
    Role.AUDITOR: "audit ledger",
}
"""Written a second time on purpose: a right that slips into another role must be agreed to here."""


def _address(path: str, terminal: PracticeTerminal, receipt: str) -> str:
    places = {
        "{terminal}": terminal.id,
        "{receipt}": receipt,
        "{number}": "1",
        "{entry}": "00" * 16,
        "{code}": "00" * 32,
        "{name}": "nobody.here",
    }
    for place, value in places.items():
        path = path.replace(place, value)
    return path


def test_the_rights_are_those_that_were_agreed() -> None:
    assert {role: {right.value for right in RIGHTS[role]} for role in Role} == {
        role: set(words.split()) for role, words in MAY.items()
    }
    assert set(RIGHTS) == set(Role)
    assert not may(Role.ADMINISTRATOR, Right.MOVE)


@pytest.mark.parametrize("role", Role)
def test_every_way_opens_to_whom_it_may_and_to_nobody_else(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal, role: Role
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    tab = open_tab(role)
    allowed = {*MAY[role].split(), "anybody", "signed_in"}
    refused = 0
    for way in WAYS:
        if way.path in ("/sign-in", "/sign-out"):
            continue
        address = _address(way.path, terminal, receipt)
        answer = tab.get(address) if way.method == "GET" else tab.post(address)
        if way.right.value in allowed:
            assert answer.status_code not in (401, 403, 500), f"{role} {way.method} {way.path}: {answer.text}"
        else:
            assert answer.status_code == 403, f"{role} {way.method} {way.path}"
            assert "您的角色不能做这件事" in answer.text
            refused += 1
    assert len(office.noted("refused")) == refused


def test_nobody_gets_further_than_the_door(
    office: Office, open_tab: OpenTab, terminal: PracticeTerminal
) -> None:
    receipt = terminal.send(terminal.entry())[0]
    tab = open_tab()
    for way in WAYS:
        if way.right is Right.ANYBODY:
            continue
        address = f"/console{_address(way.path, terminal, receipt)}"
        answer = tab.http.request(way.method, address)
        assert answer.status_code == 303, way.path
        assert answer.headers["location"] == "/console/sign-in"


def test_every_form_needs_its_token(open_tab: OpenTab, terminal: PracticeTerminal) -> None:
    receipt = terminal.send(terminal.entry())[0]
    for role in Role:
        tab = open_tab(role)
        for way in WAYS:
            if way.method == "POST" and (may(role, way.right) or way.right is Right.ANYBODY):
                answer = tab.http.post(
                    f"/console{_address(way.path, terminal, receipt)}", data={"state": "accepted"}
                )
                assert answer.status_code == 403, f"{role} {way.path}"
                assert "表单已失效" in answer.text


def test_the_navigation_shows_only_what_the_role_may(open_tab: OpenTab) -> None:
    assert "/console/accounts" not in open_tab(Role.OPERATOR).get("/terminals").text
    auditor = open_tab(Role.AUDITOR)
    assert auditor.get("/").headers["location"] == "/console/ledger"
    assert "/console/terminals" not in auditor.get("/ledger").text


def test_a_removed_or_reappointed_operator_is_out_at_once(office: Office, open_tab: OpenTab) -> None:
    administrator = open_tab(Role.ADMINISTRATOR)
    tab = open_tab(Role.OPERATOR)
    name = next(person.name for person in office.people.values() if person.role is Role.OPERATOR)
    assert administrator.post(f"/accounts/{name}/role", role="auditor").status_code == 303
    assert tab.get("/cases").status_code == 303
    tab.sign_in(office.people[name])
    assert tab.get("/cases").status_code == 403
    assert administrator.post(f"/accounts/{name}/remove").status_code == 303
    assert tab.get("/ledger").headers["location"] == "/console/sign-in"
    again = administrator.post("/accounts", name=name, role="viewer")
    assert again.status_code == 422, "the record names who it was"


def test_the_last_administrator_stays(office: Office, open_tab: OpenTab) -> None:
    tab = open_tab(Role.ADMINISTRATOR)
    name = next(iter(office.people))
    assert tab.post(f"/accounts/{name}/remove").status_code == 422
    assert tab.post(f"/accounts/{name}/role", role="viewer").status_code == 422
    assert tab.get("/accounts").status_code == 200


def test_a_new_account_is_told_its_secrets_once(office: Office, open_tab: OpenTab) -> None:
    tab = open_tab(Role.ADMINISTRATOR)
    told = tab.post("/accounts", name="wang.wu", role="viewer")
    assert "otpauth://totp/Linban:wang.wu" in told.text
    assert "<path" in told.text
    assert "otpauth" not in tab.get("/accounts").text
    before = told.text
    reset = tab.post("/accounts/wang.wu/reset").text
    assert "otpauth" in reset
    assert reset != before
    assert [entry[1:] for entry in office.noted("account_added")] == [("wang.wu", "viewer")]
    assert [entry[1] for entry in office.noted("account_reset")] == ["wang.wu"]
