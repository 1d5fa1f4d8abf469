"""The sync process put together: relay, keeper, look-ups, and the local socket that the face listens on."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from kiosk import notify
from kiosk.clock import Clock, SystemClock
from kiosk.config import Settings
from kiosk.domain.enrolment import Enrolment
from kiosk.errors import JournalError, JournalFault, PlatformError, SecretError
from kiosk.ipc import IpcServer, Params
from kiosk.journal.backup import FOLDER as BACKUPS
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import Acknowledged, LeasedEntry
from kiosk.journal.settings import SettingKey
from sync.catalogue_download import CatalogueDownload
from sync.chores import Chores
from sync.enrolment import enrol
from sync.exchange import Ground
from sync.freight import Freight
from sync.heartbeat import Heartbeat
from sync.identity import open_identity
from sync.journal_thread import JournalThread, newest_sequence
from sync.keeper import Keeper
from sync.keyless import Keyless
from sync.line import Line, LineStatus
from sync.network_watch import NetworkWatch
from sync.pace import Pace
from sync.platform_client import Limits, PlatformClient
from sync.platform_clock import PlatformClock
from sync.queries import Queries
from sync.relay import BATCHES_AT_ONCE, Relay
from sync.renewal import answer_renewal
from sync.resolver import Resolver
from sync.watchdog import feed

log = logging.getLogger(__name__)

_GOODBYE_S = 0.4
"""How long the threads get to finish; one that hangs in the network is left behind."""
_QUERY_S = 8.0
_KEEPERS = Limits(whole_s=12.0)
"""What the keeper asks is small, and while it waits nobody knows whether the line is still there."""


class Agent:
    """The parts of the sync process. `start`, then `close`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        on_renewed: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_renewed` is called when this terminal was enrolled again: close this agent, and begin another.

        Raises `JournalError` and `SecretError` when a key is gone.
        """
        self._on_renewed = on_renewed
        self._settings = settings
        self._clock = clock or SystemClock()
        self._stopping = threading.Event()
        settings.paths.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        identity = open_identity(settings, self._clock)
        self._key, self._journal_key = identity.key, identity.page_key
        platform_clock = PlatformClock(self._clock)
        pace = Pace(settings.platform.bandwidth_bytes_s, self._clock)
        self._ground = Ground(Resolver(self._clock), platform_clock, pace)
        self.line = Line(self._clock, platform_clock)
        self._senders = [self._new_client() for _ in range(BATCHES_AT_ONCE)]
        self._keepers_client = self._new_client(_KEEPERS)
        self._freight_client = self._new_client()
        self._clients = [*self._senders, self._keepers_client, self._freight_client]
        catalogue = CatalogueDownload(
            self._freight_client, platform_clock, settings.catalogue_dir, settings.publisher_key
        )
        backups = settings.paths.state_dir / BACKUPS
        self.chores = Chores(self._clock, platform_clock, self._key, settings.keeping, backups)
        self.relay = self._new_relay()
        self.freight = self._new_freight(catalogue)
        self.keeper = self._new_keeper(catalogue, platform_clock)
        self._network = NetworkWatch(self._network_changed, self._clock, self._address_gone)
        self.queries = Queries(self._new_client, self.line, self._standing, self._clock)
        self._threads = [
            JournalThread("relay", self._open_journal, self.relay.run, self._stopping, self._clock),
            JournalThread("keeper", self._open_journal, self.keeper.run, self._stopping, self._clock),
            JournalThread("freight", self._open_journal, self.freight.run, self._stopping, self._clock),
        ]
        self._server: IpcServer | None = None
        self.line.on_online(self.relay.line_came_up)
        self.line.on_online(self.freight.wake)
        self.line.on_change(self._tell_status)

    def start(self) -> None:
        """Listen to the other processes, then work."""
        self._server = IpcServer(
            self._settings.sync_socket,
            {
                "status": lambda params: self.line.status(),
                "wake": self._wake,
                "query": self._query,
                "identify_code": self._identify_code,
                "cancel_query": lambda params: {"ok": self.queries.cancel(str(params["id"]))},
                "enrol": self._enrol,
            },
            on_connect=lambda: [("line.status", self.line.status())],
            slow=frozenset({"query", "identify_code", "enrol"}),
        )
        for thread in self._threads:
            thread.start()
        self._network.start()

    @property
    def healthy(self) -> bool:
        """Whether every thread moves; what the watchdog is fed with."""
        overdue = self.relay.pulse.lost or self.keeper.pulse.lost or self.freight.pulse.lost
        return not overdue and all(thread.alive for thread in self._threads)

    def woken(self) -> None:
        """The machine slept: nobody knows whether the line is still there, and what was due is overdue."""
        for part in (self.keeper, self.relay, self.freight):
            part.wake()

    def close(self) -> None:
        """End everything, within half a second even when the network hangs."""
        self._stopping.set()
        for client in self._clients:
            client.call_off()
        self.queries.close()
        self.relay.wake()
        self.keeper.wake()
        self.freight.wake()
        self._network.close()
        until = self._clock.monotonic() + _GOODBYE_S
        for thread in self._threads:
            thread.join(max(until - self._clock.monotonic(), 0.0))
        if self._server is not None:
            self._server.close()

    def _check_line(self) -> None:
        self.keeper.wake()

    def _network_changed(self) -> None:
        """A line that is up shows by itself whether it still is; one that is down deserves a look."""
        if not self.line.is_online:
            self.keeper.network_changed()

    def _address_gone(self) -> None:
        """Nobody answers any more on what was opened with it; without this an upload waits for its deadline."""
        for client in self._clients:
            client.leave_lost_address()

    def _other_faults(self) -> list[str]:
        """What heartbeats tell beyond what the journal and the clock show."""
        faults = list(self.chores.faults)
        if self.freight.catalogue.fault is not None:
            faults.append(f"catalogue_{self.freight.catalogue.fault.value}")
        if self.freight.upload.stuck:
            faults.append("attachments_refused")
        if next(self._settings.paths.state_dir.glob(f"{self._settings.journal_file.name}.damaged*"), None):
            faults.append("journal_replaced")
        return faults

    def _new_relay(self) -> Relay:
        return Relay(
            self._senders,
            self.line,
            self._clock,
            self._stopping,
            batch=self._settings.platform.batch,
            retry_cap_s=self._settings.platform.retry_cap_s,
            on_delivered=self._tell_delivered,
            on_failed=self._check_line,
        )

    def _new_freight(self, catalogue: CatalogueDownload) -> Freight:
        return Freight(
            self._freight_client,
            catalogue,
            self.line,
            self._clock,
            self._stopping,
            self._settings.platform.retry_cap_s,
            on_failed=self._check_line,
        )

    def _new_keeper(self, catalogue: CatalogueDownload, platform_clock: PlatformClock) -> Keeper:
        heartbeat = Heartbeat(
            self._settings, self._clock, platform_clock, lambda: catalogue.current_digest, self._other_faults
        )
        return Keeper(
            self._keepers_client,
            self.line,
            self._clock,
            self._stopping,
            self._settings.platform,
            heartbeat,
            self.chores,
            bytes_in_flight=lambda: self.relay.bytes_in_flight + self._freight_client.bytes_in_flight,
            on_to_send=self.relay.wake,
            on_catalogue=self.freight.note_catalogue,
        )

    def _new_client(self, limits: Limits | None = None) -> PlatformClient:
        return PlatformClient(self._settings.platform, self._key, self._clock, limits, self._ground)

    def _open_journal(self) -> Journal:
        journal = Journal.open(self._settings.journal_file, self._journal_key, self._clock)
        last_heard = journal.settings.get(SettingKey.PLATFORM_TIME)
        if last_heard is not None:
            self._ground.platform_clock.remember(datetime.fromisoformat(last_heard.decode("ascii")))
        return journal

    def _standing(self) -> tuple[Enrolment | None, int]:
        with self._open_journal() as journal:
            return journal.settings.enrolment(), newest_sequence(journal)

    def _wake(self, params: Params) -> dict[str, Any]:
        self.relay.wake()
        return {"ok": True}

    def _query(self, params: Params) -> dict[str, Any]:
        service, wanted = str(params["service"]), params.get("params", {})
        timeout_s = float(params.get("timeout_s", _QUERY_S))
        if not isinstance(wanted, dict):
            raise ValueError("params must be an object")
        try:
            words = {str(name): str(value) for name, value in wanted.items()}
            return {
                "ok": True,
                "answer": self.queries.ask(service, words, timeout_s, str(params.get("id", ""))),
            }
        except PlatformError as error:
            self.keeper.wake()
            return {"ok": False, "fault": error.fault, "detail": error.detail}

    def _identify_code(self, params: Params) -> dict[str, Any]:
        try:
            answer = self.queries.identify(
                str(params["form"]),
                str(params["code"]),
                float(params["scanned_at_s"]),
                str(params["try"]),
                float(params.get("timeout_s", _QUERY_S)),
                str(params.get("id", "")),
            )
        except PlatformError as error:
            self.keeper.wake()
            return {"ok": False, "fault": error.fault, "detail": error.detail}
        return {"ok": True, "answer": answer}

    def _enrol(self, params: Params) -> dict[str, Any]:
        if params.get("again"):
            return answer_renewal(self._settings, self._clock, str(params["code"]), self._on_renewed)
        client = self._new_client()
        try:
            with self._open_journal() as journal:
                enrolment = enrol(client, journal, str(params["code"]))
        except PlatformError as error:
            return {"ok": False, "fault": error.fault, "detail": error.detail}
        finally:
            client.close()
        self.line.enrolled(enrolment.terminal_number)
        self.keeper.wake()
        return {
            "ok": True,
            "terminal_number": enrolment.terminal_number,
            "region_code": enrolment.region_code,
        }

    def _tell_status(self, status: LineStatus) -> None:
        if self._server is not None:
            self._server.notify("line.status", status)

    def _tell_delivered(self, delivered: Sequence[tuple[LeasedEntry, Acknowledged]]) -> None:
        self.freight.wake()  # what was handed in with them may follow
        if self._server is None:
            return
        for item, acknowledged in delivered:
            header = item.entry.header
            case = {
                "entry_id": str(header.entry_id),
                "receipt_number": header.receipt_number,
                "platform_state": acknowledged.platform_state,
            }
            self._server.notify("case.delivered", case)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; then end within a second, whatever the network does."""
    ended, turn = threading.Event(), threading.Event()

    def end(*_: object) -> None:
        ended.set()
        turn.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    clock = SystemClock()
    watchdog_s = notify.watchdog_interval_s()
    while not ended.is_set():
        agent = _begin(settings, clock, turn.set)
        agent.start()
        notify.ready()
        feed(agent, clock, turn, watchdog_s or 3600.0)
        if ended.is_set():
            notify.stopping()
        agent.close()
        turn.clear()


def _begin(settings: Settings, clock: Clock, on_renewed: Callable[[], None]) -> Agent | Keyless:
    """The agent; without its keys, what is left of one."""
    try:
        return Agent(settings, clock, on_renewed)
    except (JournalError, SecretError) as error:
        if isinstance(error, JournalError) and error.fault is not JournalFault.MISSING_KEY:
            raise
        log.error("a key of this terminal is gone: %s", error)
        return Keyless(settings, clock, on_renewed)
