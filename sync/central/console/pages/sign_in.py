"""The door: signing in with name, password and code, signing out, one's own password, and the language."""

from __future__ import annotations

from starlette.responses import Response

from sync.central.console.accounts import AccountRefused, Locked, Operator
from sync.central.console.acts import Act
from sync.central.console.door import COOKIE, LANGUAGE_COOKIE, give_cookie
from sync.central.console.look import NAVIGATION
from sync.central.console.roles import Right, may
from sync.central.console.visit import Visit, Way
from sync.central.console.words import word

_GUESSES = {"wrong-password": Act.SIGN_IN_FAILED, "locked": Act.LOCKED_OUT}
_LANGUAGE_KEPT_S = 365 * 86400


def sign_in_page(visit: Visit) -> Response:
    """The form."""
    if visit.operator is not None:
        return visit.go("/")
    return visit.page("sign_in.html", trouble="", name="", locked_until=None)


def sign_in(visit: Visit) -> Response:
    """One try. Which of the three was wrong is not told."""
    name = visit.filled("name", 64).lower()
    found = visit.desk.accounts.check(name, visit.form.get("password", ""), visit.filled("code", 16))
    known = visit.desk.accounts.find(name) is not None
    subject = name if known else ""  # what a stranger typed may be anything, a password for instance
    if isinstance(found, Operator):
        visit.desk.sessions.end(visit.cookie)
        visit.desk.acts.note(found.name, Act.SIGNED_IN)
        response = visit.go("/")
        give_cookie(visit.request, response, visit.desk.sessions.open(found.name))
        return response
    locked = found if isinstance(found, Locked) else None
    visit.note(Act.LOCKED_OUT if locked else Act.SIGN_IN_FAILED, subject)
    trouble = "试得太多，请稍后再试。" if locked else "用户名、密码或动态码不对。"
    wait_s = (locked.until - visit.now()).total_seconds() if locked else None
    return visit.page("sign_in.html", 429 if locked else 401, trouble=trouble, name=name, locked_until=wait_s)


def sign_out(visit: Visit) -> Response:
    """The session ends on the platform too."""
    visit.note(Act.SIGNED_OUT)
    visit.desk.sessions.end(visit.cookie)
    response = visit.go("/sign-in")
    response.delete_cookie(COOKIE, path=visit.root or "/", httponly=True, samesite="strict")
    return response


def home(visit: Visit) -> Response:
    """The first page that the role may see."""
    assert visit.operator is not None
    first = next(path for right, path, _ in NAVIGATION if may(visit.operator.role, right))
    return visit.go(first, done=visit.asked("done"))


def password_page(visit: Visit) -> Response:
    """The form for a new password."""
    return visit.page("password.html", trouble="")


def change_password(visit: Visit) -> Response:
    """A new password, typed twice."""
    assert visit.operator is not None
    new = visit.form.get("new", "")
    if new != visit.form.get("again", ""):
        return visit.page("password.html", 422, trouble="两次输入的新密码不一样。")
    try:
        visit.desk.accounts.change_password(
            visit.operator.name, visit.form.get("old", ""), new, visit.noting(Act.PASSWORD_CHANGED)
        )
    except AccountRefused as refused:
        if refused.word in _GUESSES:
            visit.note(_GUESSES[refused.word], visit.name, "password")
        return visit.page("password.html", 422, trouble=word("account", refused.word, visit.language))
    # Whoever knew the old one may have a session open.
    visit.desk.sessions.end_all(visit.operator.name)
    response = visit.go("/", done="password")
    give_cookie(visit.request, response, visit.desk.sessions.open(visit.operator.name))
    return response


def choose_language(visit: Visit) -> Response:
    """Remembered by the browser."""
    response = visit.go("/" if visit.operator else "/sign-in")
    chosen = "en" if visit.filled("to") == "en" else "zh"
    response.set_cookie(
        LANGUAGE_COOKIE,
        chosen,
        max_age=_LANGUAGE_KEPT_S,
        path=visit.root or "/",
        httponly=True,
        samesite="strict",
        secure=visit.request.url.scheme == "https",
    )
    return response


WAYS = (
    Way("GET", "/sign-in", Right.ANYBODY, sign_in_page),
    Way("POST", "/sign-in", Right.ANYBODY, sign_in),
    Way("POST", "/language", Right.ANYBODY, choose_language),
    Way("POST", "/sign-out", Right.SIGNED_IN, sign_out),
    Way("GET", "/", Right.SIGNED_IN, home),
    Way("GET", "/password", Right.SIGNED_IN, password_page),
    Way("POST", "/password", Right.SIGNED_IN, change_password),
)
