"""The catalogue of services: what is in use, who may publish, and publication of a signed file."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from kiosk.catalogue.signature import Manifest
from kiosk.errors import CatalogueError
from sync.central.catalogue_store import CatalogueStore
from sync.central.console.acts import Act
from sync.central.console.figures import spaced
from sync.central.console.roles import Right
from sync.central.console.visit import Visit, Way
from sync.wire import MAX_DECODED_REQUEST_BYTES


def catalogue(visit: Visit) -> Response:
    """What terminals get, and the form."""
    return _page(visit)


def publish(visit: Visit) -> Response:
    """Take what `kiosk services sign` wrote; the signature is the publisher's, the platform has none to give."""
    sent = visit.files.get("publication", [])
    content = sent[0][1] if sent else b""
    if not content:
        return _page(visit, trouble="请选择要发布的文件。", status=422)
    try:
        CatalogueStore(visit.desk.platform.store).publish(
            content, lambda run, signed: visit.noting(Act.CATALOGUE_PUBLISHED, signed.digest[:16])(run)
        )
    except CatalogueError as error:
        visit.note(Act.CATALOGUE_REFUSED, "", error.fault.value)
        return _page(visit, fault=error.fault.value, status=422)
    return visit.go("/catalogue", done="published")


def _page(visit: Visit, trouble: str = "", fault: str = "", status: int = 200) -> Response:
    store = CatalogueStore(visit.desk.platform.store)
    newest = store.newest()
    manifest = msgspec.json.decode(newest.manifest, type=Manifest) if newest else None
    return visit.page(
        "catalogue.html",
        status,
        manifest=manifest,
        valid_from=manifest.valid_from.isoformat() if manifest else "",
        digest=spaced(bytes.fromhex(newest.digest)[:8]) if newest else "",
        publishers=[spaced(key[:8]) for key in store.publishers()],
        trouble=trouble,
        fault=fault,
    )


WAYS = (
    Way("GET", "/catalogue", Right.CATALOGUE, catalogue),
    Way("POST", "/catalogue", Right.CATALOGUE, publish, max_bytes=MAX_DECODED_REQUEST_BYTES),
)
