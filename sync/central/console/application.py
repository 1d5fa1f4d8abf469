"""The console as an application of its own, mounted beside the calls of the terminals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.central.console.accounts import Accounts
from sync.central.console.acts import Acts
from sync.central.console.door import COOKIE, endpoint, language, refusal_page, seal
from sync.central.console.look import Look
from sync.central.console.services import ServiceNames
from sync.central.console.sessions import Sessions
from sync.central.console.visit import Desk, Refused, Visit
from sync.central.console.ways import WAYS
from sync.central.exchange import Platform
from sync.central.quarantine import Quarantine

MOUNT = "/console"
_FIXED = {"/style.css": "text/css", "/icon.svg": "image/svg+xml"}
_FIXED_KEPT_S = 3600


def open_desk(platform: Platform, hasher: PasswordHasher | None = None) -> Desk:
    """What the console works with; `hasher` is weaker in tests only."""
    store = platform.store
    opener = platform.entries.opener
    return Desk(
        platform=platform,
        accounts=Accounts(store, platform.keys.console, hasher),
        sessions=Sessions(store),
        acts=Acts(store),
        quarantine=Quarantine(store, opener),
        opener=opener,
        services=ServiceNames(store),
        look=Look(),
    )


def build_console(desk: Desk) -> Starlette:
    """The application of all ways."""

    async def on_missing(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        visit = Visit(desk, request, language(request), request.cookies.get(COOKIE, ""))
        return seal(request, refusal_page(visit, Refused(status, "没有这个页面。")))

    routes = [Route(way.path, endpoint(desk, way), methods=[way.method]) for way in WAYS]
    routes += [Route(path, _fixed(path, kind), methods=["GET"]) for path, kind in _FIXED.items()]
    return Starlette(routes=routes, exception_handlers={HTTPException: on_missing})


def _fixed(path: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """A file of ours that is the same for everybody."""
    content = (Path(__file__).parent / path[1:]).read_text(encoding="utf-8")

    async def serve(request: Request) -> Response:
        headers = {"cache-control": f"max-age={_FIXED_KEPT_S}"}
        return seal(request, Response(content, media_type=media_type, headers=headers))

    return serve


def mount_console(app: FastAPI, platform: Platform) -> None:
    """Open the console at `/console`; it is no part of the terminals' OpenAPI document."""
    app.mount(MOUNT, build_console(open_desk(platform)), name="console")
