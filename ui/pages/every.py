"""Every page's view-model, by the page's name. A new page is added here and nowhere else in Python."""

from __future__ import annotations

from PySide6.QtCore import QObject

from kiosk.flow.journey import Stage
from ui.navigator import DISPLAY, HELP, KEEPER, Navigator
from ui.pages.asking import AskingModel
from ui.pages.display_choice import DisplayModel
from ui.pages.help import HelpModel
from ui.pages.home import HomeModel
from ui.pages.identify import IdentifyModel
from ui.pages.identity import IdentityModel
from ui.pages.keeper import KeeperModel
from ui.pages.lookup import LookupModel
from ui.pages.out_of_service import OutOfServiceModel
from ui.pages.progress import ProgressModel
from ui.pages.question import QuestionModel
from ui.pages.recording import RecordingModel
from ui.pages.result import ResultModel
from ui.pages.review import ReviewModel
from ui.pages.service import ServiceModel
from ui.pages.services import ServicesModel


def every_page(navigator: Navigator, parent: QObject) -> dict[str, QObject]:
    """The view-models of all pages; the attract page has none."""
    return {
        Stage.HOME: HomeModel(navigator, parent),
        Stage.SERVICES: ServicesModel(navigator, parent),
        Stage.SERVICE: ServiceModel(navigator, parent),
        Stage.IDENTIFY: IdentifyModel(navigator, parent),
        Stage.IDENTITY: IdentityModel(navigator, parent),
        Stage.QUESTION: QuestionModel(navigator, parent),
        Stage.REVIEW: ReviewModel(navigator, parent),
        Stage.RECORDING: RecordingModel(navigator, parent),
        Stage.RESULT: ResultModel(navigator, parent),
        Stage.LOOKUP: LookupModel(navigator, parent),
        Stage.ASKING: AskingModel(navigator, parent),
        Stage.PROGRESS: ProgressModel(navigator, parent),
        Stage.OUT_OF_SERVICE: OutOfServiceModel(navigator, parent),
        HELP: HelpModel(navigator, parent),
        DISPLAY: DisplayModel(navigator, parent),
        KEEPER: KeeperModel(navigator, parent),
    }
