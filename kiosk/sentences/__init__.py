"""The one place where a reason becomes words for a resident, in every language of the face: a file for each topic.

Three things stand in each sentence about trouble: what happened, what to do now, and, where something
of theirs is at stake, what became of it.  Nobody is blamed.  A test fails when a reason has no sentence.
"""

from __future__ import annotations

from enum import Enum

from kiosk.sentences.answering import ANSWERING
from kiosk.sentences.availability import AVAILABILITY
from kiosk.sentences.case import CASE
from kiosk.sentences.devices import DEVICES
from kiosk.sentences.identity import IDENTITY
from kiosk.sentences.line import LINE
from kiosk.sentences.printing import PRINTING
from kiosk.sentences.staff import STAFF
from kiosk.sentences.table import Topic

__all__ = ["SENTENCES", "sentence"]

SENTENCES: Topic = {
    **IDENTITY,
    **ANSWERING,
    **AVAILABILITY,
    **CASE,
    **LINE,
    **PRINTING,
    **DEVICES,
    **STAFF,
}


def sentence(reason: Enum, language: str) -> str:
    """The words for `reason` in `language`, or in Chinese where that language has none."""
    chinese, english = SENTENCES[type(reason)][reason]
    return english if language == "en" else chinese
