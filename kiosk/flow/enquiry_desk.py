"""How far a case has come: a receipt number goes to the platform, and its answer, or none, comes back."""

from __future__ import annotations

from kiosk.catalogue.pack import Pack
from kiosk.catalogue.rules import check_answer
from kiosk.errors import LineFault
from kiosk.flow.effects import AskProgress, Effect, StartScanning, StopScanning
from kiosk.flow.journey import Journey, Progress, Stage


def open_lookup(pack: Pack, journey: Journey) -> list[Effect]:
    """The page where a slip is scanned or a number typed."""
    journey.pack = pack
    _forget_faults(journey)
    journey.stage = Stage.LOOKUP
    return [StartScanning()]


def look_up(text: str, journey: Journey) -> list[Effect]:
    """A number was typed; a faulty one stays with its sentence."""
    pack = journey.pack
    if journey.stage is not Stage.LOOKUP or pack is None:
        return []
    checked = check_answer(pack.fields[0], text)
    journey.asked_number, journey.answer_fault = checked.value, checked.fault
    return [] if checked.fault is not None else ask(checked.value, journey)


def ask(number: str, journey: Journey) -> list[Effect]:
    """To the platform with it; codes mean nothing until it has answered."""
    journey.asked_number = number
    journey.progress = None
    _forget_faults(journey)
    journey.stage = Stage.ASKING
    return [StopScanning(), AskProgress(number)]


def answered(progress: Progress, journey: Journey) -> list[Effect]:
    """An answer for another number than the one that was asked last counts for nothing."""
    if not _awaits(progress.receipt_number, journey):
        return []
    journey.progress, journey.progress_fault = progress, None
    journey.stage = Stage.PROGRESS
    return [StartScanning()]


def failed(number: str, fault: LineFault, journey: Journey) -> list[Effect]:
    """Back to the number, with the reason."""
    if not _awaits(number, journey):
        return []
    journey.progress, journey.progress_fault = None, fault
    journey.stage = Stage.LOOKUP
    return [StartScanning()]


def _awaits(number: str, journey: Journey) -> bool:
    return journey.stage is Stage.ASKING and number == journey.asked_number


def _forget_faults(journey: Journey) -> None:
    journey.progress_fault = journey.answer_fault = None
    journey.code_refusal = None
