"""Standard input and output ↔ a TPM's local socket, one command at a time: how tpm2-tools reach a simulated one."""

from __future__ import annotations

import os
import socket
import sys


def main() -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(sys.argv[1])
        while command := os.read(0, 4096):
            line.sendall(command)
            os.write(1, line.recv(4096))


if __name__ == "__main__":
    main()
