"""What a signed manifest must say before any pack of it is asked for."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.catalogue.signature import Manifest, SignedManifest, decode_publication, publish, verified
from kiosk.errors import CatalogueError, CatalogueFault
from tests.sync.catalogue_packs import NOW, pension

_DOMAIN = b"linban catalogue 1\0"


def test_the_manifest_says_what_it_must() -> None:
    key = Ed25519PrivateKey.generate()

    def signed(content: object) -> SignedManifest:
        manifest = json.dumps(content).encode()
        return SignedManifest(manifest=manifest, signature=key.sign(_DOMAIN + manifest))

    good = json.loads(publish([pension()], 1, NOW, key.private_bytes_raw()).signed.manifest)
    publisher = key.public_key().public_bytes_raw()
    assert isinstance(verified(signed(good), publisher), Manifest)
    twice = {**good, "packs": good["packs"] * 2}
    climbing = {**good, "packs": [{**good["packs"][0], "file": "../evil.yaml"}]}
    wrongs: list[object] = [
        {**good, "format": 2},
        {**good, "version": 0},
        {**good, "more": 1},
        [],
        twice,
        climbing,
    ]
    for wrong in wrongs:
        with pytest.raises(CatalogueError) as caught:
            verified(signed(wrong), publisher)
        assert caught.value.fault is CatalogueFault.SHAPE
    with pytest.raises(CatalogueError):
        decode_publication(b'{"manifest": ' + b"[" * 100_000)
