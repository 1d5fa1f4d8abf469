"""The catalogue over HTTP: the signed manifest with an ETag, packs by digest, and publication by an operator."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kiosk.catalogue.signature import CatalogueVersion
from kiosk.errors import CatalogueError
from sync.central.catalogue_store import CatalogueStore
from sync.central.exchange import (
    Platform,
    Refusal,
    answer,
    answer_bare,
    identify,
    read_body,
    require_operator,
)
from sync.central.terminal_call import Digest
from sync.compression import decompress
from sync.wire import MAX_DECODED_REQUEST_BYTES

PACK_TYPE = "application/yaml"
"""RFC 9512."""


def serve_catalogue(app: FastAPI, platform: Platform) -> None:
    """Add the calls to `app`."""
    store = CatalogueStore(platform.store)

    @app.get(
        "/v1/catalogue",
        operation_id="readCatalogue",
        summary="The newest catalogue, signed by its publisher; 304 when it is the one in If-None-Match",
        tags=["terminal"],
    )
    async def read_catalogue(request: Request) -> Response:
        await _terminal(platform, request)
        signed = await run_in_threadpool(store.newest)
        if signed is None:
            raise Refusal(404, "no-catalogue")
        tag = f'"{signed.digest}"'
        if request.headers.get("if-none-match") == tag:
            return answer_bare(platform, request, 304, {"etag": tag})
        response = answer(platform, request, signed)
        response.headers["etag"] = tag
        return response

    @app.get(
        "/v1/packs/{digest}", operation_id="readPack", summary="One pack, by its digest", tags=["terminal"]
    )
    async def read_pack(request: Request, digest: Digest) -> Response:
        await _terminal(platform, request)
        content = await run_in_threadpool(store.pack, digest)
        if content is None:
            raise Refusal(404, "unknown-pack")
        return answer_bare(platform, request, 200, {}, content, PACK_TYPE)

    @app.post(
        "/v1/operator/catalogue",
        operation_id="publishCatalogue",
        summary="Publish what `kiosk services sign` wrote",
        tags=["operator"],
    )
    async def publish(request: Request) -> Response:
        require_operator(platform, request)
        body = await read_body(request)
        try:
            content = decompress(body, request.headers.get("content-encoding"), MAX_DECODED_REQUEST_BYTES)
            signed = await run_in_threadpool(store.publish, content)
        except CatalogueError as error:
            raise Refusal(422, f"catalogue-{error.fault.value}", error.detail) from error
        except ValueError as error:
            raise Refusal(422, "wrong-shape", str(error)) from error
        return answer(platform, request, CatalogueVersion(digest=signed.digest))


async def _terminal(platform: Platform, request: Request) -> None:
    """Only terminals read the catalogue: it is no secret, but nobody else has business here."""
    terminal_id = request.headers.get("linban-terminal", "")
    body = await read_body(request, limit_bytes=0)
    await run_in_threadpool(identify, platform, request, body, terminal_id)
