"""Operators' accounts."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup
from starlette.responses import Response

from sync.central.console.accounts import AccountRefused, NewSecrets
from sync.central.console.acts import Act
from sync.central.console.roles import Right, Role
from sync.central.console.visit import Refused, Visit, Way
from sync.central.console.words import word


def accounts(visit: Visit) -> Response:
    """All accounts, and the form for a new one."""
    return _page(visit)


def add(visit: Visit) -> Response:
    """A new account; its secrets are on this page and never again."""
    name = visit.filled("name", 32).lower()
    role = _role(visit)
    try:
        made = visit.desk.accounts.add(
            name, role, visit.name, visit.noting(Act.ACCOUNT_ADDED, name, role.value)
        )
    except AccountRefused as refused:
        return _page(visit, trouble=word("account", refused.word, visit.language), status=422)
    return _page(visit, name=name, made=made)


def reset(visit: Visit) -> Response:
    """New secrets for somebody who lost theirs."""
    name = visit.place("name")
    visit.note(Act.ACCOUNT_RESET, name)
    try:
        made = visit.desk.accounts.reset(name)
    except AccountRefused as refused:
        return _page(visit, trouble=word("account", refused.word, visit.language), status=422)
    return _page(visit, name=name, made=made)


def remove(visit: Visit) -> Response:
    """The account is no more."""
    name = visit.place("name")
    if name == visit.name:
        return _page(visit, trouble="不能停用自己的账号。", status=422)
    visit.note(Act.ACCOUNT_REMOVED, name)
    try:
        visit.desk.accounts.remove(name)
    except AccountRefused as refused:
        return _page(visit, trouble=word("account", refused.word, visit.language), status=422)
    return visit.go("/accounts", done="removed")


def appoint(visit: Visit) -> Response:
    """Another role."""
    name, role = visit.place("name"), _role(visit)
    if name == visit.name:
        return _page(visit, trouble="不能变更自己的角色。", status=422)
    visit.note(Act.ROLE_CHANGED, name, role.value)
    try:
        visit.desk.accounts.appoint(name, role)
    except AccountRefused as refused:
        return _page(visit, trouble=word("account", refused.word, visit.language), status=422)
    return visit.go("/accounts", done="appointed")


def _page(
    visit: Visit, name: str = "", made: NewSecrets | None = None, trouble: str = "", status: int = 200
) -> Response:
    return visit.page(
        "accounts.html",
        status,
        rows=visit.desk.accounts.all(),
        roles=[role.value for role in Role],
        now=visit.now().isoformat(),
        name=name,
        made=made,
        picture=_qr(made.uri) if made else "",
        trouble=trouble,
    )


def _qr(uri: str) -> Markup:
    """The authenticator's code as SVG; made here from our own characters, so it needs no escaping."""
    stream = io.BytesIO()
    segno.make(uri, error="m").save(
        stream, kind="svg", scale=5, border=3, xmldecl=False, svgns=False, omitsize=True
    )
    return Markup(stream.getvalue().decode("ascii"))  # noqa: S704


def _role(visit: Visit) -> Role:
    try:
        return Role(visit.filled("role"))
    except ValueError as error:
        raise Refused(422, "没有这个角色。") from error


WAYS = (
    Way("GET", "/accounts", Right.ACCOUNTS, accounts),
    Way("POST", "/accounts", Right.ACCOUNTS, add),
    Way("POST", "/accounts/{name}/reset", Right.ACCOUNTS, reset),
    Way("POST", "/accounts/{name}/remove", Right.ACCOUNTS, remove),
    Way("POST", "/accounts/{name}/role", Right.ACCOUNTS, appoint),
)
