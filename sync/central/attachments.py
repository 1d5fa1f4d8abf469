"""Resumable uploads over HTTP, as tus 1.0 says, for what is handed in with a case.

POST  /v1/terminals/{t}/attachments            make room (creation extension); its address is its digest
HEAD  /v1/terminals/{t}/attachments/{digest}   how far it has got
PATCH /v1/terminals/{t}/attachments/{digest}   the next piece, with its checksum
"""

from __future__ import annotations

from uuid import UUID

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sync.central.attachment_store import MAX_SIZE_BYTES, AttachmentStore, Upload, UploadRefused
from sync.central.exchange import Platform, Refusal, answer_bare, identify, read_body
from sync.central.successors import home_of_attachment, home_of_entry
from sync.central.terminal_call import Digest, TerminalId
from sync.upload_wire import (
    CHECKSUM_HEADER,
    CHECKSUM_MISMATCH,
    LENGTH_HEADER,
    MAX_PIECE_BYTES,
    METADATA_HEADER,
    OFFSET_HEADER,
    PIECE_TYPE,
    TOKEN_HEADER,
    TUS_HEADER,
    TUS_VERSION,
    checksum_fits,
    sign_stored,
    unpack_metadata,
)

_MEDIA_TYPE_CHARACTERS = 64


def serve_attachments(app: FastAPI, platform: Platform) -> None:
    """Add the calls to `app`."""
    store = AttachmentStore(platform.store)
    _serve_creation(app, platform, store)
    _serve_pieces(app, platform, store)


def _serve_creation(app: FastAPI, platform: Platform, store: AttachmentStore) -> None:
    @app.options("/v1/terminals/{terminal_id}/attachments", include_in_schema=False)
    async def abilities(request: Request, terminal_id: TerminalId) -> Response:
        headers = {
            TUS_HEADER: TUS_VERSION,
            "tus-version": TUS_VERSION,
            "tus-extension": "creation,checksum",
            "tus-max-size": str(MAX_SIZE_BYTES),
            "tus-checksum-algorithm": "sha256,sha1",
        }
        return Response(status_code=204, headers=headers)

    @app.post(
        "/v1/terminals/{terminal_id}/attachments",
        operation_id="createAttachment",
        summary="Make room for an attachment of a stored entry, or find it (tus 1.0, creation)",
        tags=["terminal"],
    )
    async def create(request: Request, terminal_id: TerminalId) -> Response:
        body = await read_body(request, limit_bytes=0)
        covered = (LENGTH_HEADER, METADATA_HEADER, TUS_HEADER)
        await run_in_threadpool(identify, platform, request, body, terminal_id, covered)
        wanted = _wanted(request)
        home = await run_in_threadpool(home_of_entry, platform.store, terminal_id, wanted.entry_id)
        upload = await _asked(store.create, home, wanted)
        location = f"/v1/terminals/{terminal_id}/attachments/{upload.digest.hex()}"
        return _told(platform, request, terminal_id, upload, 201, {"location": location})


def _serve_pieces(app: FastAPI, platform: Platform, store: AttachmentStore) -> None:
    @app.head(
        "/v1/terminals/{terminal_id}/attachments/{digest}",
        operation_id="attachmentOffset",
        summary="How far an attachment has got (tus 1.0)",
        tags=["terminal"],
    )
    async def offset(request: Request, terminal_id: TerminalId, digest: Digest) -> Response:
        await run_in_threadpool(identify, platform, request, b"", terminal_id)
        home = await run_in_threadpool(home_of_attachment, platform.store, terminal_id, bytes.fromhex(digest))
        upload = await run_in_threadpool(store.find, home, bytes.fromhex(digest))
        if upload is None:
            raise Refusal(404, "unknown-attachment")
        length = {LENGTH_HEADER: str(upload.size_bytes)}
        return _told(platform, request, terminal_id, upload, 200, length)

    @app.patch(
        "/v1/terminals/{terminal_id}/attachments/{digest}",
        operation_id="appendToAttachment",
        summary="The next piece of an attachment (tus 1.0, checksum)",
        tags=["terminal"],
    )
    async def append(request: Request, terminal_id: TerminalId, digest: Digest) -> Response:
        if request.headers.get("content-type", "").lower() != PIECE_TYPE:
            raise Refusal(415, "wrong-type", f"send {PIECE_TYPE}")
        piece = await read_body(request, limit_bytes=MAX_PIECE_BYTES)
        covered = (CHECKSUM_HEADER, OFFSET_HEADER, TUS_HEADER)
        await run_in_threadpool(identify, platform, request, piece, terminal_id, covered)
        _check_version(request)
        first = _number(request, OFFSET_HEADER)
        _check_sum(request, piece)
        home = await run_in_threadpool(home_of_attachment, platform.store, terminal_id, bytes.fromhex(digest))
        upload = await _asked(store.append, home, bytes.fromhex(digest), first, piece)
        return _told(platform, request, terminal_id, upload, 204, {})


def _wanted(request: Request) -> Upload:
    """What the headers of a creation ask for; refuses nonsense."""
    _check_version(request)
    size_bytes = _number(request, LENGTH_HEADER)
    try:
        said = unpack_metadata(request.headers.get(METADATA_HEADER, ""))
        digest, entry_id, media_type = (
            bytes.fromhex(said["digest"]),
            UUID(said["entry_id"]),
            said["media_type"],
        )
    except (KeyError, ValueError) as error:
        raise Refusal(422, "wrong-shape", "metadata: digest, entry_id and media_type") from error
    if len(digest) != 32 or not 0 < len(media_type) <= _MEDIA_TYPE_CHARACTERS or not _plain(media_type):
        raise Refusal(422, "wrong-shape", "metadata: digest, entry_id and media_type")
    return Upload(digest, entry_id, media_type, size_bytes, 0, None)


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


async def _asked(work: object, *args: object) -> Upload:
    """What the store says, its refusals as answers."""
    try:
        found: Upload = await run_in_threadpool(work, *args)  # type: ignore[arg-type]
    except UploadRefused as refused:
        raise Refusal(refused.status, refused.word) from refused
    return found


def _told(
    platform: Platform,
    request: Request,
    terminal_id: str,
    upload: Upload,
    status: int,
    more: dict[str, str],
) -> Response:
    """The answer without a body: how far it has got, and the platform's signature when it is whole."""
    headers = {TUS_HEADER: TUS_VERSION, OFFSET_HEADER: str(upload.received_bytes), **more}
    if upload.stored_at is not None:
        headers[TOKEN_HEADER] = sign_stored(
            terminal_id=terminal_id,
            entry_id=str(upload.entry_id),
            digest=upload.digest,
            size_bytes=upload.size_bytes,
            stored_at=upload.stored_at,
            epoch=upload.epoch,
            key=platform.keys.signing,
        )
    return answer_bare(platform, request, status, headers, covered=(OFFSET_HEADER,))


def _check_version(request: Request) -> None:
    if request.headers.get(TUS_HEADER) != TUS_VERSION:
        raise Refusal(412, "tus-version", TUS_VERSION)


def _check_sum(request: Request, piece: bytes) -> None:
    fits = checksum_fits(request.headers.get(CHECKSUM_HEADER, ""), piece)
    if fits is None:
        raise Refusal(400, "checksum-algorithm")
    if not fits:
        raise Refusal(CHECKSUM_MISMATCH, "checksum")


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Refusal(400, "wrong-shape", name)
    return int(text)
