"""The calls about slips: the key that signs them, and a case that is made known again from one."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sync.central.exchange import (
    Caller,
    Platform,
    Refusal,
    answer,
    read_body,
    read_message,
    require_operator,
)
from sync.central.reclaim import ReclaimRefused, Reclaims
from sync.central.terminal_call import TerminalId, answer_terminal
from sync.paper_wire import ReclaimRequest, SlipKeyAnswer, SlipKeyRequest


def serve_paper(app: FastAPI, platform: Platform) -> None:
    """The calls about slips."""
    reclaims = Reclaims(platform.store)

    @app.post(
        "/v1/terminals/{terminal_id}/slip-key",
        operation_id="tellSlipKey",
        summary="Tell the key that this terminal's slips are signed with",
        tags=["terminal"],
    )
    async def tell_slip_key(request: Request, terminal_id: TerminalId) -> Response:
        def work(caller: Caller, message: SlipKeyRequest) -> SlipKeyAnswer:
            name = reclaims.tell_key(caller.terminal.terminal_id, caller.nonce, message.public_key)
            return SlipKeyAnswer(key_id=name.hex())

        return await answer_terminal(platform, request, terminal_id, SlipKeyRequest, work)

    @app.post(
        "/v1/reclaims",
        operation_id="reclaim",
        summary="Make a case known again from the signed code of its slip",
        tags=["operator"],
    )
    async def reclaim(request: Request) -> Response:
        require_operator(platform, request)
        message = read_message(request, await read_body(request), ReclaimRequest)
        try:
            found = await run_in_threadpool(reclaims.reclaim, message.text, "operator")
        except ReclaimRefused as refused:
            raise Refusal(422, refused.word) from refused
        return answer(platform, request, found)
