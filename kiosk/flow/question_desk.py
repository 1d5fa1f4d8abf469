"""The questions of a service, one after another, and the summary: asked, answered, changed, and handed in.

Past the last question comes the summary; the case is prepared each time it is shown, in the `language` of that moment.
"""

from __future__ import annotations

from kiosk.catalogue.pack import Field as Question
from kiosk.catalogue.rules import check_answer
from kiosk.flow.case_draft import case_of
from kiosk.flow.effects import Effect, PrepareCase, RecordCase
from kiosk.flow.journey import Journey, Stage


def present(journey: Journey) -> Question | None:
    """The question of the present page, if it is a question's."""
    pack = journey.pack
    if journey.stage is not Stage.QUESTION or pack is None:
        return None
    return pack.fields[journey.question_index]


def ask(index: int, journey: Journey, language: str) -> list[Effect]:
    """That question, or the summary when there are no more."""
    pack = journey.pack
    if pack is None or index >= len(pack.fields):
        return review(journey, language)
    journey.question_index = index
    journey.answer_fault = None
    journey.stage = Stage.QUESTION
    return []


def answer(text: str, journey: Journey, language: str) -> list[Effect]:
    """On to the next question, or back to the summary it was opened from; a fault stays on the page."""
    question = present(journey)
    if question is None:
        return []
    checked = check_answer(question, text)
    journey.answers[question.key] = checked.value
    journey.answer_fault = checked.fault
    if checked.fault is not None:
        return []
    if journey.editing:
        journey.editing = False
        return review(journey, language)
    return ask(journey.question_index + 1, journey, language)


def edit(key: str, journey: Journey, language: str) -> list[Effect]:
    """From the summary to one question."""
    pack = journey.pack
    if journey.stage is not Stage.REVIEW or pack is None:
        return []
    index = next((i for i, item in enumerate(pack.fields) if item.key == key), None)
    if index is None:
        return []
    journey.editing = True
    return ask(index, journey, language)


def review(journey: Journey, language: str) -> list[Effect]:
    """The summary."""
    journey.stage = Stage.REVIEW
    case = case_of(journey, language)
    return [] if case is None else [PrepareCase(case)]


def confirm(journey: Journey, language: str) -> list[Effect]:
    """The case goes to the journal, once: whoever confirms again finds the page gone."""
    case = case_of(journey, language) if journey.stage is Stage.REVIEW else None
    if case is None:
        return []
    journey.stage = Stage.RECORDING
    journey.record_fault = None
    return [RecordCase(case)]
