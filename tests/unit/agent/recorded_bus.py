"""A message bus that gives the answers of a real one, recorded, to exactly the questions that it was asked.

`bus/systemd-252.json.gz` holds what went over the system bus of a Debian 12 with 267 units, in turns: who spoke, and
the bytes. Two units had failed; the descriptions are not in ASCII.
"""

from __future__ import annotations

import base64
import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

RECORDING = Path(__file__).parent / "bus" / "systemd-252.json.gz"
PATIENCE_SECONDS = 30

Turns = list[tuple[str, bytes]]


def recorded_turns() -> Turns:
    return [(who, base64.b64decode(data)) for who, data in json.loads(gzip.decompress(RECORDING.read_bytes()))]


class RecordedBus:
    """Listens at `path`. Each connection is given the next list of turns, and closed after the last of them.

    `strange` has what came instead of what should have.
    """

    def __init__(self, path: Path, conversations: list[Turns], piece_bytes: int) -> None:
        self.strange: list[bytes] = []
        self.connections = 0
        self._conversations = conversations
        self._piece_bytes = piece_bytes
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(PATIENCE_SECONDS)

    def serve(self) -> None:
        for turns in self._conversations:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # the test is over
            self.connections += 1
            with connection, suppress(ConnectionError):  # the other end may have heard enough
                connection.settimeout(PATIENCE_SECONDS)
                self._talk(connection, turns)

    def _talk(self, connection: socket.socket, turns: Turns) -> None:
        for who, data in turns:
            if who == "client":
                heard = receive(connection, len(data))
                if heard != data:
                    self.strange += [heard] if heard else []
                    return
            else:
                for start in range(0, len(data), self._piece_bytes):
                    connection.sendall(data[start : start + self._piece_bytes])

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def receive(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer where the other end stops."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            break
        data += more
    return data


@contextmanager
def recorded_bus(path: Path, *conversations: Turns, piece_bytes: int = 1 << 20) -> Iterator[RecordedBus]:
    bus = RecordedBus(path, list(conversations), piece_bytes)
    thread = threading.Thread(target=bus.serve, daemon=True)
    thread.start()
    try:
        yield bus
    finally:
        bus.close()
        thread.join(PATIENCE_SECONDS)
    assert not bus.strange
