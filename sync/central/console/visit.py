"""One request to the console as a page sees it: who asks, what was filled in, and how to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sync.central.console.accounts import Accounts, Operator
from sync.central.console.acts import SYSTEM, Act, Acts
from sync.central.console.figures import BEIJING, ago, phrase_in
from sync.central.console.look import NAVIGATION, Look
from sync.central.console.roles import Right, may
from sync.central.console.services import ServiceNames
from sync.central.console.sessions import Sessions, form_token
from sync.central.console.words import word, words
from sync.central.engine import Cursor
from sync.central.exchange import Platform
from sync.central.opener import Opener
from sync.central.quarantine import Quarantine


class Refused(Exception):
    """A request that is answered with a page saying why not; `sentence` is a phrase of `phrases`."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status, self.sentence = status, sentence
        super().__init__(f"{status} {sentence}")


@dataclass(frozen=True)
class Desk:
    """What the console works with."""

    platform: Platform
    accounts: Accounts
    sessions: Sessions
    acts: Acts
    quarantine: Quarantine
    opener: Opener
    services: ServiceNames
    look: Look


@dataclass(frozen=True)
class Visit:
    """A request whose right was checked."""

    desk: Desk
    request: Request
    language: str
    cookie: str
    """The session's cookie, or the ticket of somebody at the door."""
    operator: Operator | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, list[tuple[str, bytes]]] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """Where the console is mounted."""
        return str(self.request.scope.get("root_path", ""))

    @property
    def name(self) -> str:
        """The operator's name, for the record."""
        return self.operator.name if self.operator else SYSTEM

    def place(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def asked(self, name: str, limit: int = 100) -> str:
        """A value of the address's query."""
        return self.request.query_params.get(name, "").strip()[:limit]

    def asked_day(self, name: str) -> date | None:
        """A day of the address's query; None when it is none, or one whose bounds no calendar has."""
        try:
            day = date.fromisoformat(self.asked(name))
        except ValueError:
            return None
        return day if date.min < day < date.max else None

    def filled(self, name: str, limit: int = 400) -> str:
        """A field of the form."""
        return self.form.get(name, "").strip()[:limit]

    def may(self, right: Right) -> bool:
        """Whether the operator has a right."""
        return self.operator is not None and may(self.operator.role, right)

    def now(self) -> datetime:
        """The platform's clock."""
        return self.desk.platform.clock.now().astimezone(UTC)

    def today(self) -> date:
        """The day in China."""
        return self.now().astimezone(BEIJING).date()

    def note(self, act: Act, subject: str = "", detail: str = "") -> None:
        """Put an act on record."""
        self.desk.acts.note(self.name, act, subject, detail)

    def noting(self, act: Act, subject: str = "", detail: str = "") -> Callable[[Cursor], None]:
        """Puts an act on record in the transaction that it is given: for what is not known before."""
        return lambda run: self.desk.acts.note_in(run, self.name, act, subject, detail)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page."""
        say = phrase_in(self.language)
        done = self.asked("done")
        own = {
            "visit": self,
            "operator": self.operator,
            "root": self.root,
            "here": self.request.url.path.removeprefix(self.root),
            "service": self.service,
            "question": lambda service, key: self.desk.services.question(service, key, self.language),
            "ago": lambda text: ago(text, self.now(), say),
            "navigation": [(path, say(label)) for right, path, label in NAVIGATION if self.may(right)],
            "done": word("done", done, self.language) if done in words("done") else "",
        }
        return HTMLResponse(self.desk.look.page(template, self.language, own | values), status)

    def service(self, code: str) -> str:
        """A service's name."""
        return self.desk.services.service(code, self.language)

    def go(self, path: str, done: str = "") -> Response:
        """On to another page of the console, which tells that something was done."""
        mark = "&" if "?" in path else "?"
        return RedirectResponse(f"{self.root}{path}" + (f"{mark}done={done}" if done else ""), 303)

    @property
    def form_token(self) -> str:
        """What the forms of this page carry."""
        return form_token(self.cookie) if self.cookie else ""


@dataclass(frozen=True)
class Way:
    """One way into the console: a method, an address, the right that it needs, and what happens."""

    method: str
    path: str
    right: Right
    work: Callable[[Visit], Response]
    max_bytes: int = 64 * 1024
