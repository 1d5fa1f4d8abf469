"""Composition of the face: the window first, everything else once its first frame is on the screen.

At import time this module loads only what the attract page needs; a resident must not look at a black
screen while a journal is being checked.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs
from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtQml import QQmlApplicationEngine, QQmlComponent
from PySide6.QtQuick import QQuickWindow

from kiosk import config
from kiosk.config import Language, Settings
from kiosk.errors import ConfigError
from kiosk.single_instance import claim
from ui import NOT_OUR_WARNINGS
from ui.display import Display, pinyin_installed
from ui.drawing import Drawings
from ui.navigator import Navigator

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent, QTranslator

    from kiosk.clock import Clock
    from ui.bridge.device_client import DeviceClient
    from ui.bridge.line_client import LineClient
    from ui.bridge.records import Records

QML = Path(__file__).resolve().parent / "qml"
TRANSLATION = Path(__file__).resolve().parent / "i18n" / "linban_en.qm"
_SOFTWARE_PLATFORMS = ("offscreen", "minimal", "vnc", "linuxfb")
"""Platforms of Qt that have no graphics card behind them."""

_SCREEN_SHARE = 0.95
"""How much of a desktop a framed window may take."""

log = logging.getLogger(__name__)


class Face(QObject):
    """One face: engine, window, navigator, and the order in which they come and go."""

    def __init__(self, settings: Settings, clock: Clock | None = None, remote: Path | None = None) -> None:
        super().__init__()
        self.settings = settings
        self._clock = clock
        self._remote_socket = remote
        if remote is not None:
            # A window that Python meets before it knows QtQuick stays a QWindow to it, without a picture to grab.
            import PySide6.QtQuick  # noqa: F401
        self._remote: QObject | None = None
        self._components: list[QQmlComponent] = []
        self._translator: QTranslator | None = None
        self.display = Display(settings, self).show()
        self._drawings = Drawings(settings.paths.run_dir / "drawings", self).show()
        if _software():
            self.display.hold_still()
        self.navigator = Navigator(self.display, self)
        self.engine: QQmlApplicationEngine | None = QQmlApplicationEngine()
        self.engine.addImportPath(os.fspath(QML))
        self.engine.setInitialProperties({"navigator": self.navigator})
        self.display.languageChanged.connect(self._translate)
        if self.display.language is not Language.CHINESE:
            self._translate()
        self._loading: Iterator[None] | None = None
        self._devices: DeviceClient | None = None
        self._line: LineClient | None = None
        self._records: Records | None = None

    def show(self) -> None:
        """Put the attract page on the screen; the rest follows by itself. Raises `RuntimeError`."""
        assert self.engine is not None
        self.engine.load(QUrl.fromLocalFile(os.fspath(QML / "KioskUi" / "Main.qml")))
        if not self.engine.rootObjects():
            raise RuntimeError("the QML of the face cannot be loaded")
        window = self.engine.rootObjects()[0]
        assert isinstance(window, QQuickWindow)
        self.window = window
        self.window.frameSwapped.connect(self._first_frame)
        if self.settings.screen.fullscreen:
            window.showFullScreen()
        else:
            window.show()

    def close(self) -> None:
        """The engine dies before the view-models it shows."""
        for client in (self._devices, self._line, self._records):
            if client is not None:
                client.close()
        if self._remote is not None:
            self._remote.close()  # type: ignore[attr-defined]
        self._components.clear()
        if self.engine is not None:
            from PySide6.QtCore import QEvent

            if self._translator is not None:
                QGuiApplication.removeTranslator(self._translator)
            self.window.removeEventFilter(self)
            self.window.close()
            engine, self.engine = self.engine, None
            engine.deleteLater()
            QGuiApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Every touch and key says that somebody is there."""
        if event.type() in self._touches:
            return not self.navigator.touched()
        return False

    # After the first frame -----------------------------------------------------------------------

    def _first_frame(self) -> None:
        # With a graphics card frames are swapped in a thread of Qt: a second one may be on its way here already.
        if self._loading is not None:
            return
        self.window.frameSwapped.disconnect(self._first_frame)
        gc.freeze()  # what is loaded by now lives as long as the face
        gc.enable()
        from kiosk import notify

        notify.ready()
        self.window.frameSwapped.connect(self.navigator.painted)
        self._watch_touches()
        self._loading = self._load_the_rest()
        QTimer.singleShot(0, self, self._load_on)

    def _watch_touches(self) -> None:
        from PySide6.QtCore import QEvent

        self._touches = (QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin, QEvent.Type.KeyPress)
        self.window.installEventFilter(self)
        self.window.widthChanged.connect(self._resize)
        self.window.heightChanged.connect(self._resize)
        self._resize()

    def _resize(self) -> None:
        self.display.resize(self.window.width(), self.window.height())

    def _load_on(self) -> None:
        """One slice; touches are heard between two of them."""
        assert self._loading is not None
        try:
            next(self._loading)
        except StopIteration:
            return
        except Exception:
            # A face without its journey is a dead end: better a quick end and a new start.
            log.exception("the face cannot be loaded")
            QGuiApplication.exit(1)
            return
        QTimer.singleShot(0, self, self._load_on)

    def _load_the_rest(self) -> Iterator[None]:
        from kiosk.clock import SystemClock
        from ui.bridge.device_client import DeviceClient
        from ui.bridge.line_client import LineClient

        clock = self._clock or SystemClock()
        yield
        from kiosk.catalogue.installed import offered

        settings = self.settings
        catalogue = offered(settings.paths.packs_dir, settings.catalogue_dir, settings.publisher_key)
        for refused in catalogue.refused:
            log.error("a service pack was refused", extra={"file": refused.file, "line": refused.line})
        yield
        from ui.bridge.records import Records

        self._devices = DeviceClient(self.settings.devices_socket, self)
        self._line = LineClient(self.settings.sync_socket, self)
        self._records = Records(
            self.settings.journal_file,
            self.settings.journal_key_file,
            self.settings.paths.run_dir,
            clock,
            self,
            self.settings.paths.tpm,
            self.settings.keeping,
        )
        self._devices.open()
        self._line.open()
        yield
        import kiosk.journal.journal  # noqa: F401 - loaded here, so that opening it is a slice of its own

        yield
        self._records.open()
        yield
        from kiosk.flow.idle import IdleTimer
        from ui.bridge.errands import Errands
        from ui.catalogue_renewal import CatalogueRenewal
        from ui.guide_lights import GuideLights
        from ui.happenings import Happenings
        from ui.pages.every import every_page
        from ui.pages.frame import FrameModel

        screen = self.settings.screen
        idle = IdleTimer(clock, screen.idle_warning_s, screen.idle_wipe_s)
        frame = FrameModel(self.navigator, clock, self)
        models = every_page(self.navigator, self)
        yield
        self._prepare_component("Journey.qml")
        yield
        errands = Errands(catalogue, self._devices, self._line, self._records, codes=self.settings.codes)
        self.navigator.take_up(errands, clock, idle, frame, models)
        GuideLights(self.navigator)
        CatalogueRenewal(self.navigator, self.settings)
        Happenings(self.navigator).begin()
        yield
        self._start_watchdog()
        if self._remote_socket is not None:
            self._listen_to_remote(self._remote_socket)
        for page in sorted((QML / "KioskUi" / "Pages").glob("*.qml")):
            yield
            self._prepare_component(f"Pages/{page.name}")

    def _prepare_component(self, name: str) -> None:
        """Compile a page now, so that the first visit to it does not wait."""
        if self.engine is not None:
            url = QUrl.fromLocalFile(os.fspath(QML / "KioskUi" / name))
            self._components.append(
                QQmlComponent(self.engine, url, QQmlComponent.CompilationMode.Asynchronous)
            )

    def _listen_to_remote(self, socket: Path) -> None:
        from ui.remote import RemoteHand

        self._remote = RemoteHand(self.window, lambda: str(self.navigator.property("page")), socket)

    def _start_watchdog(self) -> None:
        from kiosk import notify

        interval_s = notify.watchdog_interval_s()
        if interval_s is not None:
            watchdog = QTimer(self, interval=int(interval_s * 1000))
            watchdog.timeout.connect(notify.alive)
            watchdog.start()
            notify.alive()

    def _translate(self) -> None:
        """Chinese is the source; English is laid over it, live."""
        from PySide6.QtCore import QLocale, QTranslator

        if self._translator is not None:
            QGuiApplication.removeTranslator(self._translator)
        english = self.display.language is Language.ENGLISH
        QLocale.setDefault(QLocale("en_GB" if english else "zh_CN"))
        self._translator = QTranslator(self)
        if english and self._translator.load(os.fspath(TRANSLATION)):
            QGuiApplication.installTranslator(self._translator)
        if self.engine is not None:
            self.engine.retranslate()


def _software() -> bool:
    return QGuiApplication.platformName() in _SOFTWARE_PLATFORMS


def prepare_environment(run_dir: Path) -> None:
    """What Qt reads from the environment before the application exists.

    `run_dir` is emptied by a reboot: the pinyin engine insists on a folder for a user dictionary, though the text
    field tells it to keep none.
    """
    os.environ["XDG_CONFIG_HOME"] = os.fspath(run_dir / "keyboard")
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform in _SOFTWARE_PLATFORMS:
        os.environ.setdefault("QT_QUICK_BACKEND", "software")
    # The keyboard is in the window itself or not at all; an input method of the desktop has no business here.
    os.environ["QT_IM_MODULE"] = "qtvirtualkeyboard" if pinyin_installed() else "none"
    os.environ.setdefault("QT_VIRTUALKEYBOARD_DESKTOP_DISABLE", "1")
    os.environ.setdefault("QT_LOGGING_RULES", NOT_OUR_WARNINGS)


def make_application() -> QGuiApplication:
    """The application object. Every text names its own font (Words.qml)."""
    application = QGuiApplication(["linban"])
    application.setApplicationName("linban")
    return application


def fitted(settings: Settings) -> Settings:
    """A window on a desktop that is smaller than the terminal's screen: the same terminal, smaller in proportion.

    Only where the settings ask for a window; a terminal's own screen is never scaled.
    """
    screen, place = settings.screen, QGuiApplication.primaryScreen().availableSize()
    share = _SCREEN_SHARE * min(place.width() / screen.width_px, place.height() / screen.height_px)
    if screen.fullscreen or share >= _SCREEN_SHARE or _software():
        return settings
    smaller = structs.replace(
        screen,
        width_px=round(screen.width_px * share),
        height_px=round(screen.height_px * share),
        px_per_mm=screen.px_per_mm * share,
    )
    return structs.replace(settings, screen=smaller)


def main(arguments: list[str]) -> int:
    """Run the face until it is told to end."""
    parser = argparse.ArgumentParser(prog="ui", description="The face of one terminal.")
    parser.add_argument("--config", type=Path, default=config.DEFAULT_FILE, metavar="FILE")
    parser.add_argument("--remote", type=Path, metavar="SOCKET", help="let a scripted resident press")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        settings = config.load(options.config)
    except ConfigError as error:
        log.critical("%s", error)
        return 2
    if not claim(settings.paths.run_dir, "ui"):
        log.critical("another face serves this terminal")
        return 2
    prepare_environment(settings.paths.run_dir)
    application = make_application()
    face = Face(fitted(settings), remote=options.remote)
    face.show()
    QTimer.singleShot(0, lambda: _end_on_signals(application.quit))
    code = application.exec()
    from kiosk import notify

    notify.stopping()
    face.close()
    return code


def _end_on_signals(quit_application: Callable[[], None]) -> None:
    """SIGTERM and SIGINT end the event loop. Python sees them only between two Qt events, so Qt is woken."""
    import signal
    import socket

    from PySide6.QtCore import QSocketNotifier

    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: quit_application())
    _kept_alive.extend((ours, theirs, notifier))


_kept_alive: list[object] = []
