"""A word now and then while something takes long, so that a silent run can be told from one that hangs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from generator.printable import say

EVERY_SECONDS = 10.0


@contextmanager
def telling_progress(
    what: str, *, done: Callable[[], str] = lambda: "", every_seconds: float = EVERY_SECONDS
) -> Iterator[None]:
    """Say what is going on: beside a moving sign at a terminal, in a pipe a line every few seconds.

    ``done`` says how far it is; both go to the standard error, since the answer goes to the other.
    """
    if sys.stderr.isatty():
        with Console(stderr=True).status(what):
            yield
        return
    ended = threading.Event()
    began = time.monotonic()

    def tell() -> None:
        while not ended.wait(every_seconds):
            so_far = ", ".join(filter(None, [f"{time.monotonic() - began:.0f} s so far", done()]))
            say(f"{what} {so_far}", err=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
