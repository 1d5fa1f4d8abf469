"""A face in front of stand-ins."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk.clock import ManualClock
from kiosk.config import Settings
from kiosk.flow.idle import IdleTimer
from ui.bridge.errands import Errands
from ui.gallery.samples import sample_catalogue
from ui.gallery.stand_ins import StandInDevices, StandInLine, StandInRecords
from ui.guide_lights import GuideLights
from ui.happenings import Happenings
from ui.pages.every import every_page
from ui.pages.frame import FrameModel
from ui.pages.lookup import LookupModel
from ui.pages.question import QuestionModel
from ui.window import Face


class StandInFace(Face):
    """Everything but what is behind the face is the real one; time passes only when it is told to."""

    def __init__(self, settings: Settings) -> None:
        self.manual_clock = ManualClock()
        self.loaded = False
        super().__init__(settings, self.manual_clock)

    @property
    def question(self) -> QuestionModel:
        """The question page's view-model."""
        model = self.models["question"]
        assert isinstance(model, QuestionModel)
        return model

    @property
    def lookup(self) -> LookupModel:
        """The look-up page's view-model."""
        model = self.models["lookup"]
        assert isinstance(model, LookupModel)
        return model

    def _load_the_rest(self) -> Iterator[None]:
        self.stand_in_devices = StandInDevices(self)
        self.stand_in_line = StandInLine(self)
        self.stand_in_records = StandInRecords(self)
        self.idle_timer = IdleTimer(self.manual_clock, 90, 30)
        self.frame = FrameModel(self.navigator, self.manual_clock, self)
        self.models = every_page(self.navigator, self)
        errands = Errands(
            sample_catalogue(self.settings.paths.packs_dir),
            self.stand_in_devices,  # type: ignore[arg-type]
            self.stand_in_line,  # type: ignore[arg-type]
            self.stand_in_records,  # type: ignore[arg-type]
        )
        self.navigator.take_up(errands, self.manual_clock, self.idle_timer, self.frame, self.models)
        GuideLights(self.navigator)
        Happenings(self.navigator).begin()
        self.loaded = True
        yield
