"""The door: who gets in, who does not, and for how long."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import httpx
import pytest
from argon2 import PasswordHasher

from sync.central.console.accounts import FREE_TRIES, Locked
from sync.central.console.roles import Role
from sync.central.console.sessions import IDLE, LONGEST
from tests.console.staff import Office, Tab

OpenTab = Callable[..., Tab]


def test_name_password_and_code_open_the_door_once(office: Office, open_tab: OpenTab) -> None:
    person = office.appoint("test.jia", Role.OPERATOR)
    code = office.code(person)
    first, second = open_tab(), open_tab()
    assert first.sign_in(person, code=code).headers["location"] == "/console/"
    assert first.get("/terminals").status_code == 200
    assert second.sign_in(person, code=code).status_code == 401, "a code that was seen over the shoulder"
    assert second.get("/terminals").headers["location"] == "/console/sign-in"
    assert office.noted("signed_in") == [("test.jia", "", "")]


@pytest.mark.parametrize("wrong", ["name", "password", "code"])
def test_whatever_was_wrong_the_door_says_the_same(office: Office, open_tab: OpenTab, wrong: str) -> None:
    person = office.appoint("test.jia", Role.OPERATOR)
    tab = open_tab()
    form = {"name": person.name, "password": person.password, "code": office.code(person)}
    form[wrong] = {"name": "li.si", "password": "not the password", "code": "000000"}[wrong]
    answer = tab.post("/sign-in", seen_on="/sign-in", **form)
    assert answer.status_code == 401
    assert "用户名、密码或动态码不对。" in answer.text
    assert person.password not in answer.text
    assert tab.get("/terminals").status_code == 303


def test_a_password_typed_as_the_name_is_not_put_on_record(office: Office, open_tab: OpenTab) -> None:
    office.appoint("test.jia", Role.OPERATOR)
    open_tab().post("/sign-in", seen_on="/sign-in", name="my secret words", password="x", code="1")
    assert office.noted("sign_in_failed") == [("-", "", "")]


def test_wrong_tries_cost_twice_the_wait_each_time(office: Office) -> None:
    person = office.appoint("test.jia", Role.OPERATOR)
    for _ in range(FREE_TRIES):
        assert office.accounts.check("test.jia", "wrong", "000000") is None
    waits = []
    for _ in range(10):
        locked = office.accounts.check("test.jia", person.password, office_code_now(office))
        assert isinstance(locked, Locked), "the right words do not open a locked door"
        waits.append((locked.until - office.clock.now()).total_seconds())
        office.clock.advance(waits[-1])
        assert office.accounts.check("test.jia", "wrong", "000000") is None
    assert waits[:4] == [15, 30, 60, 120]
    assert waits[-1] == 3600


def office_code_now(office: Office) -> str:
    import pyotp

    totp = pyotp.parse_uri(office.people["test.jia"].uri)
    assert isinstance(totp, pyotp.TOTP)
    return totp.at(office.clock.now())


def test_the_door_page_says_how_long_to_wait(office: Office, open_tab: OpenTab) -> None:
    person = office.appoint("test.jia", Role.OPERATOR)
    tab = open_tab()
    for _ in range(FREE_TRIES):
        tab.sign_in(person, password="wrong", code="000000")
    answer = tab.sign_in(person, code="000000")
    assert answer.status_code in (401, 429)
    answer = tab.post("/sign-in", seen_on="/sign-in", name=person.name, password="x", code="1")
    assert answer.status_code == 429
    assert "试得太多" in answer.text
    assert office.noted("locked_out")


def test_a_hundred_tries_at_once_are_a_hundred_tries(office: Office) -> None:
    office.appoint("test.jia", Role.OPERATOR)
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(office.accounts.check("test.jia", "wrong", "000000")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result is None for result in results) == FREE_TRIES
    assert sum(isinstance(result, Locked) for result in results) == 20 - FREE_TRIES


def test_invented_names_are_locked_too_and_fill_nothing(office: Office) -> None:
    for _ in range(FREE_TRIES):
        office.accounts.check("nobody", "wrong", "000000")
    assert isinstance(office.accounts.check("nobody", "wrong", "000000"), Locked)
    for number in range(400):
        office.accounts.check(f"invented{number}", "wrong", "000000")
    with office.platform.store.reading() as run:
        row = run.execute("select count(*) from operator_failure").fetchone()
    assert row is not None
    assert row[0] <= 256


def test_a_session_ends_when_nobody_looks_and_after_a_day_of_work(office: Office, open_tab: OpenTab) -> None:
    tab = open_tab(Role.VIEWER)
    office.clock.advance(IDLE.total_seconds() - 1)
    assert tab.get("/terminals").status_code == 200
    office.clock.advance(IDLE.total_seconds() + 1)
    assert tab.get("/terminals").status_code == 303
    busy = open_tab(Role.VIEWER)
    answers = []
    for _ in range(int(LONGEST.total_seconds() / 600)):
        office.clock.advance(600)
        answers.append(busy.get("/terminals").status_code)
    assert answers == [200] * (len(answers) - 1) + [303]


def test_signing_out_ends_the_session_on_the_platform(open_tab: OpenTab) -> None:
    tab = open_tab(Role.VIEWER)
    cookie = tab.http.cookies["linban_console"]
    assert tab.post("/sign-out").status_code == 303
    tab.http.cookies.set("linban_console", cookie, path="/console", domain="127.0.0.1")
    assert tab.get("/terminals").status_code == 303


def test_only_a_hash_of_the_cookie_and_no_plain_secret_is_stored(office: Office, open_tab: OpenTab) -> None:
    tab = open_tab(Role.VIEWER)
    person = next(iter(office.people.values()))
    secret = person.uri.partition("secret=")[2].partition("&")[0]
    with office.platform.store.reading() as run:
        dump = repr(run.execute("select * from operator_session").fetchall()) + repr(
            run.execute("select * from operator_account").fetchall()
        )
    for hidden in (tab.http.cookies["linban_console"], secret, person.password):
        assert hidden not in dump


def test_the_first_password_must_be_changed_before_anything_else(office: Office, open_tab: OpenTab) -> None:
    person = office.appoint("li.si", Role.OPERATOR, changed=False)
    tab = open_tab()
    tab.sign_in(person)
    assert tab.get("/terminals").headers["location"] == "/console/password"
    change = {"old": person.password, "new": "lv shui qing shan 3", "again": "lv shui qing shan 3"}
    assert tab.post("/password", **(change | {"again": "other words 123"})).status_code == 422
    assert tab.post("/password", **(change | {"new": "short", "again": "short"})).status_code == 422
    assert tab.post("/password", **(change | {"old": "wrong"})).status_code == 422
    assert tab.post("/password", **change).status_code == 303
    assert tab.get("/terminals").status_code == 200


def test_a_form_of_another_page_or_another_site_is_refused(office: Office, open_tab: OpenTab) -> None:
    tab = open_tab(Role.OPERATOR)
    for token in ("", "0" * 64, open_tab(Role.OPERATOR).token("/password")):
        answer = tab.http.post("/console/codes", data={"form_token": token, "label": "x", "hours": "24"})
        assert answer.status_code == 403
    good = tab.token("/codes")
    foreign = tab.http.post(
        "/console/codes",
        data={"form_token": good, "label": "x", "hours": "24"},
        headers={"origin": "https://elsewhere.invalid"},
    )
    assert foreign.status_code == 403
    assert office.noted("code_made") == []


def test_every_answer_carries_the_headers(open_tab: OpenTab) -> None:
    tab = open_tab(Role.OPERATOR)
    for path in ("/sign-in", "/terminals", "/nowhere", "/audit", "/style.css", "/ledger.csv"):
        headers = tab.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        if path not in ("/style.css",):
            assert headers["cache-control"] == "no-store"


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_lines(office: Office) -> None:
    with httpx.Client(base_url=office.url) as http:
        plain = http.get("/console/sign-in").headers["set-cookie"]
        behind_tls = http.get("/console/sign-in", headers={"x-forwarded-proto": "https"})
    assert "HttpOnly" in plain
    assert "SameSite=strict" in plain
    assert "Secure" not in plain
    with httpx.Client(base_url=office.url) as http:
        behind_tls = http.get("/console/sign-in", headers={"x-forwarded-proto": "https"})
    assert "Secure" in behind_tls.headers["set-cookie"]
    assert "strict-transport-security" in behind_tls.headers


@pytest.mark.slow
def test_a_crowd_at_the_door_does_not_keep_the_terminals_waiting(office: Office, open_tab: OpenTab) -> None:
    """Forty threads answer terminals; forty slow passwords must not hold them."""
    slow, entered = threading.Event(), threading.Semaphore(0)
    tabs = [(tab, tab.token("/sign-in")) for tab in (open_tab() for _ in range(45))]
    original = PasswordHasher.verify

    def patient(*arguments: object) -> bool:
        entered.release()
        slow.wait(20)
        return False

    def knock(tab: Tab, token: str, name: str) -> None:
        form = {"form_token": token, "name": name, "password": "x", "code": "1"}
        with contextlib.suppress(httpx.TimeoutException):
            tab.http.post("/console/sign-in", data=form)

    PasswordHasher.verify = patient  # type: ignore[assignment,method-assign]
    try:
        threads = [
            threading.Thread(target=knock, args=(tab, token, f"person{number}"))
            for number, (tab, token) in enumerate(tabs)
        ]
        for thread in threads:
            thread.start()
        assert entered.acquire(timeout=10)
        with httpx.Client(base_url=office.url, timeout=5) as terminal:
            key = {"code": "4821093377", "public_key": "AAAA"}
            assert terminal.post("/v1/enrol", json=key).status_code in (401, 422)
            assert terminal.get("/v1/health").status_code == 200
            assert terminal.get("/v1/operator/cases").status_code == 401
            cases = {"authorization": f"Bearer {office.platform.keys.operator_token}"}
            assert terminal.get("/v1/operator/cases", headers=cases).status_code == 200
    finally:
        slow.set()
        PasswordHasher.verify = original  # type: ignore[method-assign]
        for thread in threads:
            thread.join()


def test_a_body_without_end_is_not_read(open_tab: OpenTab) -> None:
    tab = open_tab(Role.OPERATOR)
    answer = tab.http.post("/console/codes", content=b"form_token=" + b"a" * 200_000, headers=_FORM)
    assert answer.status_code == 413


_FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_the_old_password_is_not_guessed_in_an_open_session(office: Office, open_tab: OpenTab) -> None:
    person = office.appoint("test.jia", Role.OPERATOR)
    tab = open_tab()
    tab.sign_in(person)
    new = "another good one 8"
    for _ in range(FREE_TRIES):
        assert "当前密码不对。" in tab.post("/password", old="wrong", new=new, again=new).text
    locked = tab.post("/password", old=person.password, new=new, again=new)
    assert "试得太多，请稍后再试。" in locked.text
    assert ("test.jia", "test.jia", "password") in office.noted("sign_in_failed")
    assert office.noted("locked_out") == [("test.jia", "test.jia", "password")]
    office.clock.advance(16)
    assert tab.post("/password", old=person.password, new=new, again=new).status_code == 303
    assert office.noted("password_changed") == [("test.jia", "", "")]


def test_what_cannot_be_put_on_record_does_not_happen(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise OSError("no room for another line")

    with contextlib.suppress(OSError):
        office.accounts.add("test.jia", Role.OPERATOR, "-", full)
    assert office.accounts.find("test.jia") is None
    person = office.appoint("test.yi", Role.OPERATOR)
    with contextlib.suppress(OSError):
        office.accounts.change_password("test.yi", person.password, "another good one 8", full)
    office.accounts.change_password("test.yi", person.password, "another good one 8")
