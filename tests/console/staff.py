"""Invented operators, with their passwords and authenticators, at a platform that is served on loopback."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httpx
import pyotp
from argon2 import PasswordHasher

from kiosk.clock import ManualClock
from sync.central.console.accounts import Accounts
from sync.central.console.acts import Acts
from sync.central.console.roles import Role
from sync.central.exchange import Platform

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""As right as the real one, and as quick as a test needs; each hash carries its own cost."""
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@dataclass
class Person:
    """Somebody with an account."""

    name: str
    role: Role
    password: str
    uri: str


@dataclass
class Office:
    """The platform, its clock, and who works there."""

    platform: Platform
    clock: ManualClock
    url: str
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.platform.store, self.platform.keys.console, QUICK)
        self.acts = Acts(self.platform.store)

    def appoint(self, name: str, role: Role, changed: bool = True) -> Person:
        """A new account; unless told otherwise, its first password was changed."""
        made = self.accounts.add(name, role, "-")
        password = made.password
        if changed:
            password = "shan gao shui chang 7"
            self.accounts.change_password(name, made.password, password)
        self.people[name] = Person(name, role, password, made.uri)
        return self.people[name]

    def code(self, person: Person) -> str:
        """What the authenticator shows; the clock moves on, because a code is good once."""
        self.clock.advance(30)
        totp = pyotp.parse_uri(person.uri)
        assert isinstance(totp, pyotp.TOTP)
        return totp.at(self.clock.now())

    def noted(self, act: str) -> list[tuple[str, str, str]]:
        """Operator, subject and detail of every act of a kind, the newest first."""
        return [(line.operator, line.subject, line.detail) for line in self.acts.newest(1000, act=act)]


class Tab:
    """A browser's tab without a browser: cookies, and forms that carry their token."""

    def __init__(self, office: Office, language: str = "zh-CN") -> None:
        self.office = office
        self.http = httpx.Client(
            base_url=office.url, headers={"accept-language": language}, follow_redirects=False
        )

    def get(self, path: str) -> httpx.Response:
        return self.http.get(f"/console{path}")

    def post(
        self, path: str, *, seen_on: str | None = None, files: object = None, **form: str
    ) -> httpx.Response:
        """Send a form with the token of the page that it stands on."""
        token = self.token(seen_on if seen_on is not None else "/password")
        return self.http.post(f"/console{path}", data={"form_token": token, **form}, files=files)  # type: ignore[arg-type]

    def token(self, path: str) -> str:
        """The token in the forms of a page."""
        found = _TOKEN.search(self.get(path).text)
        assert found is not None, f"no form on {path}"
        return found[1]

    def sign_in(self, person: Person, password: str | None = None, code: str | None = None) -> httpx.Response:
        return self.post(
            "/sign-in",
            seen_on="/sign-in",
            name=person.name,
            password=password if password is not None else person.password,
            code=code if code is not None else self.office.code(person),
        )

    def close(self) -> None:
        self.http.close()
