"""The platform's OpenAPI 3.1 document: FastAPI's routes, with the messages that both ends share.

OpenAPI 3.1 takes JSON Schema 2020-12 as it is, which is what msgspec prints of the structs in
`sync.wire`; so the document cannot say anything else than what the code accepts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from kiosk.catalogue import signature
from sync import batch, heartbeat_wire, paper_wire, wire

KEPT_FILE = Path(__file__).with_name("openapi.json")
"""The document as it was last agreed on; a test compares it with the server's."""

_MESSAGES: dict[str, tuple[type[Any] | None, type[Any]]] = {
    "health": (None, wire.Health),
    "enrol": (wire.EnrolRequest, wire.EnrolAnswer),
    "sendEntries": (batch.EntriesRequest, batch.EntriesAnswer),
    "readInbox": (None, wire.InboxAnswer),
    "heartbeat": (heartbeat_wire.HeartbeatRequest, heartbeat_wire.HeartbeatAnswer),
    "query": (wire.QueryRequest, wire.QueryAnswer),
    "changeCaseState": (wire.StateChange, wire.CaseProgress),
    "countCases": (None, wire.CasesAnswer),
    "makeEnrolmentCode": (wire.NewEnrolmentCode, wire.EnrolmentCode),
    "tellSlipKey": (paper_wire.SlipKeyRequest, paper_wire.SlipKeyAnswer),
    "reclaim": (paper_wire.ReclaimRequest, paper_wire.ReclaimAnswer),
    "makeIdentityCode": (wire.NewIdentityCode, wire.IdentityCodeMade),
    "readCatalogue": (None, signature.SignedManifest),
    "publishCatalogue": (signature.Publication, signature.CatalogueVersion),
}
"""Request and answer of each operation."""

_BARE = {
    "createAttachment": (
        "201",
        "The attachment's address is in Location; how far it has got, in Upload-Offset",
    ),
    "attachmentOffset": ("200", "How far it has got is in Upload-Offset"),
    "appendToAttachment": (
        "204",
        "How far it has got is in Upload-Offset; when whole, Linban-Acknowledgement",
    ),
    "readPack": ("200", "The pack, as YAML"),
}
"""Operations whose success is no message: its status and words."""

_SIGNED_HEADERS = ("Content-Digest", "Signature-Input", "Signature", "Linban-Sequence", "Linban-Clock")
_DESCRIPTION = (
    "Terminals sign every request (RFC 9421 with Content-Digest, RFC 9530; Ed25519); the platform signs every "
    "answer over the signature of its request. Bodies may be zstd or gzip encoded. Refusals are problems (RFC 9457)."
)


def document(app: FastAPI) -> dict[str, Any]:
    """The document of `app`."""
    tree = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=app.routes,
    )
    kinds = {kind for pair in _MESSAGES.values() for kind in pair if kind is not None} | {
        wire.Problem,
        wire.CaseProgress,
        wire.IdentityCodeAnswer,
    }
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    tree["components"] = {
        "schemas": components,
        "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
    }
    for path in tree["paths"].values():
        for operation in path.values():
            _fill_in(operation)
    return tree


def text(app: FastAPI) -> str:
    """The document as it is kept in the project."""
    return (
        msgspec.json.format(msgspec.json.encode(document(app), order="sorted"), indent=2).decode("utf-8")
        + "\n"
    )


def _fill_in(operation: dict[str, Any]) -> None:
    refused = {"description": "Refused", "content": _content(wire.PROBLEM_TYPE, wire.Problem)}
    request, answer = _MESSAGES.get(operation["operationId"], (None, None))
    if request is not None:
        operation["requestBody"] = {"required": True, "content": _content(wire.JSON_TYPE, request)}
    if answer is not None:
        done = {"200": {"description": "Done", "content": _content(wire.JSON_TYPE, answer)}}
    else:
        status, words = _BARE[operation["operationId"]]
        done = {status: {"description": words}}
    operation["responses"] = {**done, "default": refused}
    if operation["tags"] == ["operator"]:
        operation["security"] = [{"operator": []}]
    if operation["tags"] == ["terminal"]:
        parameters = operation.setdefault("parameters", [])
        names = _SIGNED_HEADERS + (
            ("Linban-Terminal",) if operation["operationId"] in ("query", "readCatalogue", "readPack") else ()
        )
        parameters += [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in names
        ]


def _content(content_type: str, kind: type[Any]) -> dict[str, Any]:
    return {content_type: {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
