"""What services and their questions are called: from the published catalogue, else from the packs that come along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from kiosk.catalogue.pack_text import NotYaml, read_tree
from kiosk.catalogue.signature import Manifest
from kiosk.config import PACKAGE_ROOT
from sync.central.catalogue_store import CatalogueStore
from sync.central.store import Store


@dataclass
class _Names:
    """By service, and by service and question: Chinese and English."""

    services: dict[str, tuple[str, str]] = field(default_factory=dict)
    questions: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)


class ServiceNames:
    """Knows the names; reads a catalogue once."""

    def __init__(self, store: Store) -> None:
        self._catalogue = CatalogueStore(store)
        self._digest, self._names = "", _shipped()

    def service(self, code: str, language: str) -> str:
        """The service's name; its code where nobody knows a name."""
        return _in_language(self._known().services.get(code), code, language)

    def question(self, service: str, key: str, language: str) -> str:
        """What a field of the service is called; empty where nobody knows."""
        return _in_language(self._known().questions.get((service, key)), "", language)

    def _known(self) -> _Names:
        digest = self._catalogue.newest_digest()
        if digest != self._digest:
            names, newest = _shipped(), self._catalogue.newest()
            if newest is not None:
                for listed in msgspec.json.decode(newest.manifest, type=Manifest).packs:
                    _learn(names, self._catalogue.pack(listed.digest) or b"")
            self._digest, self._names = digest, names
        return self._names


def _shipped() -> _Names:
    names = _Names()
    for file in sorted((PACKAGE_ROOT / "assets" / "packs").glob("*.yaml")):
        _learn(names, file.read_bytes())
    return names


def _learn(names: _Names, content: bytes) -> None:
    """Take a pack's names. What is not as a pack should be is left out: a name is not worth a page."""
    try:
        _, pack = read_tree(content.decode("utf-8"))
    except (NotYaml, UnicodeDecodeError):
        return
    if not isinstance(pack, dict) or not isinstance(pack.get("code"), str):
        return
    code = pack["code"]
    if (name := _pair(pack.get("name"))) is not None:
        names.services[code] = name
    questions = pack.get("fields")
    for question in questions if isinstance(questions, list) else ():
        if isinstance(question, dict) and (label := _pair(question.get("label"))) is not None:
            names.questions[code, str(question.get("key"))] = label


def _pair(text: Any) -> tuple[str, str] | None:
    if not isinstance(text, dict) or not isinstance(text.get("zh_CN"), str):
        return None
    return text["zh_CN"], str(text.get("en") or text["zh_CN"])


def _in_language(pair: tuple[str, str] | None, instead: str, language: str) -> str:
    if pair is None:
        return instead
    return pair[1] if language == "en" else pair[0]
