"""The door of the console: session, right, form token, size and headers are checked here for every way alike.

No page can forget one of them, because no page is reached but through here.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message

from sync.central.console.acts import Act
from sync.central.console.roles import Right, may
from sync.central.console.sessions import form_token
from sync.central.console.visit import Desk, Refused, Visit, Way

ResultT = TypeVar("ResultT")
log = logging.getLogger(__name__)

_THREADS = 8
"""Of the console's own: whoever floods the door must not take the threads that terminals are answered with."""

COOKIE = "linban_console"
LANGUAGE_COOKIE = "linban_language"
FORM_FIELD = "form_token"
_WHILE_PASSWORD_IS_OLD = ("/password", "/sign-out", "/language")
_MAX_FIELDS, _MAX_FILES = 40, 40
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    # Not "no-referrer": with it a browser names `null` as the origin of our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


def endpoint(desk: Desk, way: Way) -> Callable[[Request], Awaitable[Response]]:
    """The way as a web server calls it."""

    async def serve(request: Request) -> Response:
        visit = Visit(desk, request, language(request), request.cookies.get(COOKIE, ""))
        try:
            visit = await in_thread(_recognised, visit)
            response = await _serve(way, visit)
        except Refused as refused:
            response = refusal_page(visit, refused)
        except Exception as error:
            log.error("a page of the console failed", exc_info=error)
            response = refusal_page(visit, Refused(500, "这里出了故障，已记入日志。请稍后再试。"))
        return seal(request, response)

    return serve


def refusal_page(visit: Visit, refused: Refused) -> Response:
    """The page that says why not."""
    return visit.page("refused.html", refused.status, sentence=refused.sentence, code=refused.status)


def seal(request: Request, response: Response) -> Response:
    """Put the headers on that every answer of the console carries."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.scheme == "https":
        response.headers["strict-transport-security"] = "max-age=31536000"
    return response


def give_cookie(request: Request, response: Response, value: str) -> None:
    """The session's cookie; it goes with the browser's own session and never to another origin."""
    response.set_cookie(
        COOKIE,
        value,
        path=request.scope.get("root_path", "") or "/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def language(request: Request) -> str:
    """`zh` or `en`: what was chosen, else what the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in ("zh", "en"):
        return chosen
    first = request.headers.get("accept-language", "zh").partition(",")[0].strip().lower()
    return "en" if first.startswith("en") else "zh"


_limiter = anyio.CapacityLimiter(_THREADS)


async def in_thread(work: Callable[..., ResultT], *arguments: object) -> ResultT:
    """Run what may block; who finds no thread free waits without holding one."""
    return await anyio.to_thread.run_sync(partial(work, *arguments), limiter=_limiter)


def _recognised(visit: Visit) -> Visit:
    """The visit with the operator whose session it is, if there is one."""
    name = visit.desk.sessions.whose(visit.cookie) if visit.cookie else None
    return replace(visit, operator=visit.desk.accounts.find(name)) if name else visit


async def _serve(way: Way, visit: Visit) -> Response:
    operator = visit.operator
    if way.method == "POST":
        _check_origin(visit.request)
    if way.right is Right.ANYBODY:
        return await _serve_anybody(way, visit)
    if operator is None:
        return RedirectResponse(f"{visit.root}/sign-in", 303)
    if not may(operator.role, way.right):
        await in_thread(visit.note, Act.REFUSED, f"{way.method} {way.path}")
        raise Refused(403, "您的角色不能做这件事。")
    if way.method == "POST":
        visit = await _with_form(way, visit)
    if operator.must_change and way.path not in _WHILE_PASSWORD_IS_OLD:
        return visit.go("/password")
    return await in_thread(way.work, visit)


async def _serve_anybody(way: Way, visit: Visit) -> Response:
    """The door itself: its form is tied to a ticket in a cookie, since there is no session yet."""
    if way.method == "POST":
        visit = await _with_form(way, visit)
        return await in_thread(way.work, visit)
    ticket = visit.cookie or secrets.token_urlsafe(32)
    response = await in_thread(way.work, replace(visit, cookie=ticket))
    if not visit.cookie and way.path == "/sign-in":
        give_cookie(visit.request, response, ticket)
    return response


def _check_origin(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(403, "这张表单不是从这里发出的。")


async def _with_form(way: Way, visit: Visit) -> Visit:
    """The visit with its form, whose token was right."""
    request = Request(visit.request.scope, _capped(visit.request, way.max_bytes))
    try:
        sent = await request.form(
            max_files=_MAX_FILES, max_fields=_MAX_FIELDS, max_part_size=min(way.max_bytes, 1024 * 1024)
        )
    except HTTPException as error:
        raise Refused(400, "表单读不出来，请重新填写。") from error
    except ClientDisconnect as error:
        raise Refused(400, "表单读不出来，请重新填写。") from error
    form: dict[str, str] = {}
    files: dict[str, list[tuple[str, bytes]]] = {}
    for key, value in sent.multi_items():
        if isinstance(value, UploadFile):
            files.setdefault(key, []).append((value.filename or "", await value.read()))
        else:
            form[key] = value
    await sent.close()
    shown = form.get(FORM_FIELD, "").encode("utf-8")
    if not visit.cookie or not secrets.compare_digest(shown, form_token(visit.cookie).encode("ascii")):
        raise Refused(403, "页面放得太久，表单已失效。请返回，刷新后再试。")
    return replace(visit, form=form, files=files)


def _capped(request: Request, limit: int) -> Callable[[], Awaitable[Message]]:
    """The request's body, of which no more than `limit` bytes are taken."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise Refused(413, "送来的内容太大。")
        return message

    return receive
