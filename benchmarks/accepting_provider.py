"""A server on this machine that accepts every request of the SendGrid transport, and counts them."""

from __future__ import annotations

import json
import multiprocessing
import re
import socketserver
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe


class _Provider(socketserver.BaseRequestHandler):
    """Reads a request whole and accepts it; it parses nothing, so that the sender is what is measured."""

    calls = 0
    bytes_sent = 0

    def handle(self) -> None:
        received = bytearray()
        while b"\r\n\r\n" not in received:
            received += self.request.recv(65_536)
        head, _, body = bytes(received).partition(b"\r\n\r\n")
        if head.startswith(b"GET"):
            answer = json.dumps([_Provider.calls, _Provider.bytes_sent]).encode()
            _Provider.calls = _Provider.bytes_sent = 0
        else:
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
            left = length - len(body)
            while left > 0:
                left -= len(self.request.recv(1 << 20))
            _Provider.calls += 1
            _Provider.bytes_sent += length
            answer = b""
        status = b"200 OK" if head.startswith(b"GET") else b"202 Accepted"
        self.request.sendall(
            b"HTTP/1.1 %s\r\nX-Message-Id: benchmark\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            % (status, len(answer), answer)
        )


def _serve(pipe: Pipe) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), _Provider) as server:
        pipe.send(server.server_address[1])
        server.serve_forever()


@contextmanager
def accepting_provider() -> Iterator[tuple[str, Callable[[], tuple[int, int]]]]:
    """Its address, and a function for the calls and bytes since it was last called."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{here.recv()}"

    def count() -> tuple[int, int]:
        with urllib.request.urlopen(url) as answer:
            calls, bytes_sent = json.load(answer)
        return calls, bytes_sent

    try:
        yield url, count
    finally:
        process.terminate()
