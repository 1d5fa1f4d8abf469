"""One call of a terminal: who it is, what it says, the work away from the event loop, the signed answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Path
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sync.central.exchange import (
    Caller,
    MessageT,
    Platform,
    Refusal,
    answer,
    identify,
    read_body,
    read_message,
)
from sync.central.store import Replayed

TerminalId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._\-]{1,64}$")]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


async def answer_terminal(
    platform: Platform,
    request: Request,
    terminal_id: str,
    kind: type[MessageT],
    work: Callable[[Caller, MessageT], Struct],
) -> Response:
    """What `work` makes of the terminal's message of this kind, signed. Raises `Refusal`."""
    body = await read_body(request)

    def whole() -> Struct:
        caller = identify(platform, request, body, terminal_id)
        message = read_message(request, body, kind)
        try:
            return work(caller, message)
        except Replayed as error:
            raise Refusal(409, "replayed") from error

    return answer(platform, request, await run_in_threadpool(whole))
