"""The simulators of card slots as programs: what they are asked for, and what they refuse."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from devices.badge.simulator import BadgeReaderSimulator
from devices.simulate import simulate
from devices.social_card.simulator import SocialCardReaderSimulator
from devices.transport.simulated_slot import SAY_ATR, SAY_STATE, message
from kiosk.errors import ConfigError, IpcError
from kiosk.ipc import IpcClient

Eventually = Callable[..., None]


@pytest.mark.parametrize("device", ["badge-reader", "social-card-reader"])
def test_slot_does_not_listen_on_the_network(device: str) -> None:
    result = CliRunner().invoke(simulate, [device, "--listen", "127.0.0.1:9"])
    assert result.exit_code == 2
    assert "--link" in result.output


def test_vpcd_at_no_such_port() -> None:
    with pytest.raises(ConfigError):
        SocialCardReaderSimulator(Path("tcp:127.0.0.1:many"))


def test_card_in_a_virtual_reader_that_starts_late(eventually: Eventually) -> None:
    """The card lies there before vpcd listens, and again after vpcd was restarted."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with BadgeReaderSimulator(Path(f"tcp:127.0.0.1:{port}")) as simulator:
        simulator.start()
        simulator.place_card(simulator.cards["badge"])
        for _ in range(2):
            with socket.create_server(("127.0.0.1", port)) as vpcd:
                vpcd.settimeout(3)
                line, _peer = vpcd.accept()
                with line:
                    line.settimeout(3)
                    line.sendall(message(SAY_ATR))
                    answer = line.recv(100)
                    assert len(answer) == 2 + answer[1]
                    line.sendall(b"\x00")
                    line.sendall(b"\x05" + bytes.fromhex("FFCA000000"))  # in two pieces, as vpcd sends
                    assert line.recv(100) == message(bytes.fromhex("040000000000019000"))


def test_second_client_waits_for_the_first(tmp_path: Path) -> None:
    with SocialCardReaderSimulator(tmp_path / "slot") as simulator:
        simulator.start()
        lines = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for line in lines:
            line.settimeout(0.2)
            line.connect(str(tmp_path / "slot"))
            line.sendall(message(SAY_STATE))
        assert lines[0].recv(10) == message(b"\x00\x00\x00")
        with pytest.raises(TimeoutError):
            lines[1].recv(10)
        lines[0].close()
        lines[1].settimeout(3)
        assert lines[1].recv(10) == message(b"\x00\x00\x00")
        lines[1].close()


def test_hands(tmp_path: Path) -> None:
    control = tmp_path / "control"
    with SocialCardReaderSimulator(tmp_path / "slot") as simulator:
        simulator.start()
        simulator.serve_control(control)
        with IpcClient(control) as hand:
            assert hand.call("place_card") == {"card": "测试甲"}
            assert hand.call("state")["card"] == "测试甲"
            hand.call("place_card", fields={"name": "测试乙"})
            assert hand.call("state")["card"] == "测试乙"
            hand.call("lift_card")
            assert hand.call("state")["card"] is None
            for wrong in ({"card": "nobody"}, {"fields": {"number": "1" * 40}}, {"fields": {"nation": "XY"}}):
                with pytest.raises(IpcError):
                    hand.call("place_card", **wrong)
            with pytest.raises(IpcError):
                hand.call("set", answers="loudly")
            with pytest.raises(IpcError):
                hand.call("fault", do="explode")


def test_badge_of_any_number(tmp_path: Path) -> None:
    with BadgeReaderSimulator(tmp_path / "slot") as simulator:
        assert simulator.custom_card({"uid": "01020304"}).uid == bytes.fromhex("01020304")
        with pytest.raises(ValueError, match="hex"):
            simulator.custom_card({"uid": "no"})
    assert threading.active_count() >= 1
