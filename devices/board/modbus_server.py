"""A Modbus server on a line of its own: what answers behind the simulated board.

The server is pymodbus', not ours: it knows nothing of the driver's idea of the bytes.  It runs on a thread
of its own behind a pty that nobody else sees; the simulator carries the bytes to and fro, and tampers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import tty
from collections.abc import Callable

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

BITS = 16
"""Coils, and inputs: one register of each, so that all lie in one word."""
REGISTERS = 16
_READ_COILS, _READ_INPUTS, _WRITE_COIL, _WRITE_COILS, _WRITE_REGISTER = 1, 2, 5, 15, 6

# It tells every bad frame as an error; here bad frames are what is played.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


class Memory:
    """What the board holds. The owner's lock guards it."""

    def __init__(self) -> None:
        self.coils = 0
        self.inputs = 0
        self.registers: dict[int, int] = {}
        self.ever_lit = 0
        """Every coil that was put on since this was last cleared."""
        self.refuse_with: int | None = None
        """The exception code of the next answer."""


class ModbusServer:
    """Serves `memory` under `unit`; `answered` gets the bytes of each answer, on the server's thread."""

    def __init__(
        self,
        unit: int,
        memory: Memory,
        lock: threading.RLock,
        answered: Callable[[bytes], None],
        changed: Callable[[], None],
    ) -> None:
        self._memory, self._lock, self._answered, self._changed = memory, lock, answered, changed
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        self._unit = unit
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulator-modbus-server", daemon=True)

    def start(self) -> None:
        """Begin to serve; returns when it does."""
        self._thread.start()
        self._ready.wait(timeout=5)

    def close(self) -> None:
        """Stop serving."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=2)
        self._loop.close()
        for descriptor in (self._near, self._far):
            os.close(descriptor)

    def put(self, data: bytes) -> None:
        """Bytes from the terminal."""
        os.write(self._near, data)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        words = [SimData(0, values=[False] * BITS, datatype=DataType.BITS)]
        registers = [SimData(0, count=REGISTERS, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(id=self._unit, simdata=(words, words, registers, registers), action=self._act)
        server = ModbusSerialServer(device, framer=FramerType.RTU, port=os.ttyname(self._far))
        await server.serve_forever(background=True)
        self._loop.add_reader(self._near, lambda: self._answered(os.read(self._near, 4096)))
        self._ready.set()
        await self._stopping.wait()
        self._loop.remove_reader(self._near)
        await server.shutdown()  # type: ignore[no-untyped-call]

    async def _act(
        self,
        function: int,
        _start: int,
        address: int,
        _count: int,
        current: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Before each access: put what the board holds into the server's words, and take what is written."""
        with self._lock:
            memory = self._memory
            if memory.refuse_with is not None:
                code, memory.refuse_with = memory.refuse_with, None
                return ExcCodes(code)
            if function in (_WRITE_COIL, _WRITE_COILS) and values is not None:
                for offset, on in enumerate(values):
                    bit = 1 << address + offset
                    memory.coils = memory.coils | bit if on else memory.coils & ~bit
                memory.ever_lit |= memory.coils
                self._changed()
            elif function == _WRITE_REGISTER and values is not None:
                memory.registers[address] = int(values[0])
                self._changed()
            if function in (_READ_COILS, _WRITE_COIL, _WRITE_COILS):
                current[0] = memory.coils
            elif function == _READ_INPUTS:
                current[0] = memory.inputs
        return None
