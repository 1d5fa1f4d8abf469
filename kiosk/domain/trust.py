"""The trust ladder: which proofs of identity were made here, and which a service asks for."""

from __future__ import annotations

from enum import StrEnum

from kiosk.domain.resident import DocumentKind


class Proof(StrEnum):
    """One proof made at this terminal, in this session."""

    CHIP_READ = "chip_read"
    """The card's chip was read by the reader's security module."""
    SOCIAL_CARD_READ = "social_card_read"
    CODE_SCANNED = "code_scanned"
    """A live code was shown here, and the platform said whose it is."""
    ASSISTANT_WITNESS = "assistant_witness"
    SELF_STATED = "self_stated"


class Rung(StrEnum):
    """What a service asks for; each higher rung includes the lower."""

    NONE = "none"
    """Anybody may do it: looking up a receipt number."""
    CODE = "code"
    """The platform knows who it is, by a live code or by a document. A code can be shown by whoever holds the
    phone, so it stands lower than a card."""
    DOCUMENT = "document"
    """A document was read by the terminal."""


_MAKES_DOCUMENT = frozenset({Proof.CHIP_READ, Proof.SOCIAL_CARD_READ})
_ENOUGH: dict[Rung, frozenset[Proof]] = {
    Rung.CODE: _MAKES_DOCUMENT | {Proof.CODE_SCANNED},
    Rung.DOCUMENT: _MAKES_DOCUMENT,
}


def proof_by(kind: DocumentKind) -> Proof:
    """What it proves that an identity of this kind was told here, and that the resident said: that is me."""
    match kind:
        case DocumentKind.IDENTITY_CODE:
            return Proof.CODE_SCANNED
        case DocumentKind.SOCIAL_SECURITY_CARD:
            return Proof.SOCIAL_CARD_READ
        case _:
            return Proof.CHIP_READ


def reaches(proofs: frozenset[Proof], rung: Rung) -> bool:
    """Whether these proofs stand on `rung` or above."""
    return rung is Rung.NONE or bool(proofs & _ENOUGH[rung])
