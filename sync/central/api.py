"""The platform's calls over HTTP: FastAPI for the routes and the document, the stores for the work.

Bodies are read, verified and decoded by `sync.central.exchange` and not by FastAPI, because a signature
covers the bytes as they came, and because both ends share the messages of `sync.wire`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import FastAPI, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kiosk.domain.entry import iso_utc
from kiosk.domain.receipt import is_receipt_number
from sync.acknowledgement import sign_batch, statement
from sync.batch import EntriesAnswer, EntriesRequest, in_runs
from sync.batch import Outcome as ToldOutcome
from sync.central.attachments import serve_attachments
from sync.central.catalogue import serve_catalogue
from sync.central.console.application import mount_console
from sync.central.engine import DatabaseAway
from sync.central.exchange import (
    Caller,
    Platform,
    Refusal,
    answer,
    check_possession,
    identify,
    problem,
    read_body,
    read_message,
    require_operator,
)
from sync.central.heartbeats import Heartbeats
from sync.central.identity_codes import IdentityCodes
from sync.central.openapi import document
from sync.central.paper_calls import serve_paper
from sync.central.store import EnrolmentRefused, Replayed
from sync.central.successors import Succession, UnknownTerminal, add_code, owner_of
from sync.central.terminal_call import TerminalId, answer_terminal
from sync.heartbeat_wire import HeartbeatAnswer, HeartbeatRequest
from sync.wire import (
    CaseProgress,
    CasesAnswer,
    EnrolAnswer,
    EnrolmentCode,
    EnrolRequest,
    Health,
    IdentityCodeAnswer,
    IdentityCodeMade,
    NewEnrolmentCode,
    NewIdentityCode,
    QueryAnswer,
    QueryRequest,
    StateChange,
)

log = logging.getLogger(__name__)

After = Annotated[int, Query(ge=0, le=2**53)]
_RETRY_AFTER_TRIES_S = 600


def build_app(platform: Platform) -> FastAPI:
    """The application; its OpenAPI document is kept beside this file and checked against it."""
    app = FastAPI(title="Linban central platform", version="1", docs_url=None, redoc_url=None)
    _refuse_politely(app, platform)
    _serve_newcomers(app, platform)
    _serve_terminals(app, platform)
    _serve_sessions(app, platform)
    serve_attachments(app, platform)
    serve_catalogue(app, platform)
    _serve_operators(app, platform)
    _serve_codes(app, platform)
    serve_paper(app, platform)
    mount_console(app, platform)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    return app


def _refuse_politely(app: FastAPI, platform: Platform) -> None:
    """Every refusal is a signed problem, a bug included (whose words stay in the log)."""
    from fastapi.exceptions import RequestValidationError

    async def on_refusal(request: Request, error: Exception) -> Response:
        return problem(platform, request, _as_refusal(error))

    def _as_refusal(error: Exception) -> Refusal:
        if isinstance(error, Refusal):
            return error
        if isinstance(error, RequestValidationError):
            return Refusal(422, "wrong-shape", str(error.errors()[0].get("msg", "")))
        if isinstance(error, HTTPException):
            return Refusal(error.status_code, "no-such-call", str(error.detail))
        if isinstance(error, DatabaseAway):
            log.error("the database cannot be asked: %s", error)
            return Refusal(503, "database-away")
        log.error("request failed", exc_info=error)
        return Refusal(500, "fault")

    for kind in (Refusal, DatabaseAway, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, on_refusal)


def _serve_newcomers(app: FastAPI, platform: Platform) -> None:
    @app.get("/v1/health", operation_id="health", summary="Whether the platform works", tags=["anybody"])
    async def health(request: Request) -> Response:
        await run_in_threadpool(platform.store.check)
        return answer(platform, request, Health(status="ok", epoch=platform.store.epoch))

    @app.post(
        "/v1/enrol", operation_id="enrol", summary="Enrol a terminal by one-time code", tags=["terminal"]
    )
    async def enrol(request: Request) -> Response:
        body = await read_body(request)
        message = read_message(request, body, EnrolRequest)
        check_possession(request, body, message.public_key)
        return answer(platform, request, await run_in_threadpool(_enrol, platform, message))


def _serve_terminals(app: FastAPI, platform: Platform) -> None:
    @app.post(
        "/v1/terminals/{terminal_id}/entries",
        operation_id="sendEntries",
        summary="Store a batch of sealed entries",
        tags=["terminal"],
    )
    async def entries(request: Request, terminal_id: TerminalId) -> Response:
        return await answer_terminal(
            platform, request, terminal_id, EntriesRequest, partial(take_in, platform)
        )

    @app.get(
        "/v1/terminals/{terminal_id}/inbox",
        operation_id="readInbox",
        summary="What the platform has to say, in order",
        tags=["terminal"],
    )
    async def inbox(request: Request, terminal_id: TerminalId, after: After = 0) -> Response:
        body = await read_body(request)
        caller = await run_in_threadpool(identify, platform, request, body, terminal_id)
        messages = await run_in_threadpool(platform.cases.inbox, caller.terminal.terminal_id, after)
        return answer(platform, request, messages)

    @app.post(
        "/v1/terminals/{terminal_id}/heartbeat",
        operation_id="heartbeat",
        summary="How the terminal is",
        tags=["terminal"],
    )
    async def heartbeat(request: Request, terminal_id: TerminalId) -> Response:
        def work(caller: Caller, message: HeartbeatRequest) -> HeartbeatAnswer:
            offset_s = (caller.clock - platform.clock.now()).total_seconds() if caller.clock else None
            return Heartbeats(platform.store).note(
                caller.terminal, caller.nonce, message, offset_s, caller.sequence
            )

        return await answer_terminal(platform, request, terminal_id, HeartbeatRequest, work)


def _serve_sessions(app: FastAPI, platform: Platform) -> None:
    @app.post(
        "/v1/queries/{service}",
        operation_id="query",
        summary="A live look-up on behalf of a session",
        tags=["terminal"],
    )
    async def query(request: Request, service: TerminalId) -> Response:
        terminal_id = request.headers.get("linban-terminal", "")
        return await answer_terminal(
            platform, request, terminal_id, QueryRequest, partial(_query, platform, service)
        )


def _serve_operators(app: FastAPI, platform: Platform) -> None:
    @app.post(
        "/v1/cases/{receipt}/state",
        operation_id="changeCaseState",
        summary="Move a case: accepted, returned, rejected or concluded",
        tags=["operator"],
    )
    async def change_state(request: Request, receipt: TerminalId) -> Response:
        require_operator(platform, request)
        change = read_message(request, await read_body(request), StateChange)
        if not await run_in_threadpool(platform.cases.change_state, receipt, change.state):
            raise Refusal(404, "unknown-receipt")
        return answer(platform, request, await run_in_threadpool(platform.cases.progress, receipt))

    @app.get(
        "/v1/operator/cases",
        operation_id="countCases",
        summary="How often each case is stored and how often it was sent",
        tags=["operator"],
    )
    async def cases(request: Request, receipt: str | None = None) -> Response:
        require_operator(platform, request)
        return answer(
            platform, request, CasesAnswer(cases=await run_in_threadpool(platform.cases.count, receipt))
        )


def _serve_codes(app: FastAPI, platform: Platform) -> None:
    @app.post(
        "/v1/operator/enrolment-codes",
        operation_id="makeEnrolmentCode",
        summary="Make a one-time enrolment code",
        tags=["operator"],
    )
    async def make_code(request: Request) -> Response:
        require_operator(platform, request)
        wish = read_message(request, await read_body(request), NewEnrolmentCode)
        code = secrets.token_hex(5)  # 40 bits, typed by a person, good for minutes
        valid_for = timedelta(seconds=wish.valid_s)
        try:
            expires_at = await run_in_threadpool(add_code, platform.store, code, valid_for, wish.successor_of)
        except UnknownTerminal as error:
            raise Refusal(404, "unknown-terminal") from error
        return answer(platform, request, EnrolmentCode(code=code, expires_at=iso_utc(expires_at)))

    @app.post(
        "/v1/operator/identity-codes",
        operation_id="makeIdentityCode",
        summary="Let a code identify an invented person, for tests and practice",
        tags=["operator"],
    )
    async def make_identity_code(request: Request) -> Response:
        require_operator(platform, request)
        wish = read_message(request, await read_body(request), NewIdentityCode)
        expires_at = await run_in_threadpool(IdentityCodes(platform.store).add, wish)
        return answer(platform, request, IdentityCodeMade(expires_at=iso_utc(expires_at)))


def _enrol(platform: Platform, message: EnrolRequest) -> EnrolAnswer:
    try:
        terminal = platform.store.enrol(
            message.code, message.public_key, platform.region_code, message.version, Succession(message.chain)
        )
    except EnrolmentRefused as refused:
        if refused.word == "too-many-tries":
            raise Refusal(429, refused.word, retry_after_s=_RETRY_AFTER_TRIES_S) from refused
        raise Refusal(403, refused.word) from refused
    return EnrolAnswer(
        terminal_id=terminal.terminal_id,
        terminal_number=terminal.terminal_number,
        region_code=terminal.region_code,
        sealing_key=platform.keys.sealing.public_key().public_bytes_raw(),
        signing_key=platform.keys.signing.public_key().public_bytes_raw(),
        epoch=platform.store.epoch,
    )


def take_in(platform: Platform, caller: Caller, batch: EntriesRequest) -> EntriesAnswer:
    """Store a batch and sign what became of each entry."""
    owner = owner_of(platform.store, caller.terminal, batch.terminal_number)
    if owner is None:
        raise Refusal(422, "foreign-terminal", "this terminal never had that number")
    try:
        entries = batch.entries(owner.terminal_number)
    except ValueError as error:
        raise Refusal(422, "wrong-shape", str(error)) from error
    try:
        intake = platform.entries.take_in(owner, caller.nonce, entries)
    except Replayed as error:
        raise Refusal(409, "replayed") from error
    terminal_id, epoch = caller.terminal.terminal_id, platform.store.epoch
    statements = [
        statement(
            terminal_id=terminal_id,
            entry_id=str(entry.id),
            sequence=entry.sequence,
            digest=entry.digest,
            result=outcome.result.value,
            stored_at=outcome.stored_at,
            epoch=epoch,
        )
        for entry, outcome in zip(entries, intake.outcomes, strict=True)
    ]
    told = [ToldOutcome(one.result, one.reason, one.state, one.stored_at) for one in intake.outcomes]
    return EntriesAnswer(
        epoch=epoch,
        high_water=intake.high_water,
        outcomes=in_runs(told),
        signature=sign_batch(statements, terminal_id, epoch, platform.keys.signing),
    )


def _query(platform: Platform, service: str, caller: Caller, message: QueryRequest) -> QueryAnswer:
    look_up = _LOOK_UPS.get(service)
    if look_up is None:
        raise Refusal(404, "unknown-service")
    import msgspec

    return QueryAnswer(answer=msgspec.to_builtins(look_up(platform, caller, message.params)))


def _case_progress(platform: Platform, _caller: Caller, params: dict[str, str]) -> CaseProgress:
    receipt_number = params.get("receipt_number", "")
    if set(params) != {"receipt_number"} or not is_receipt_number(receipt_number):
        raise Refusal(422, "wrong-shape", "receipt_number: sixteen digits with their check digits")
    return platform.cases.progress(receipt_number)


def _identity_code(platform: Platform, caller: Caller, params: dict[str, str]) -> IdentityCodeAnswer:
    if set(params) != {"form", "code", "try"} or not all(params.values()):
        raise Refusal(422, "wrong-shape", "form, code and try are needed")
    codes = IdentityCodes(platform.store)
    return codes.ask(params["form"], params["code"], caller.terminal.terminal_id, params["try"])


_LookUp = Callable[[Platform, Caller, dict[str, str]], CaseProgress | IdentityCodeAnswer]
_LOOK_UPS: dict[str, _LookUp] = {"case-progress": _case_progress, "identity-code": _identity_code}
